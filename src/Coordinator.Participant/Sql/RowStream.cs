using System.Data.Common;
using Coordinator.Contracts.V1;

namespace Coordinator.Participant.Sql;

/// <summary>Turns a reader's rows into messages of bounded size.</summary>
internal sealed class RowStream(DbDataReader reader, ResourceKind kind, ParticipantOptions options)
{
    private readonly string[] _types = [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetDataTypeName)];

    public QueryHeader Header(BranchName branch) => new()
    {
        Branch = branch.ToString(),
        Columns = { _types.Select((type, i) => new Column { Name = reader.GetName(i), DatabaseType = type }) },
    };

    public async Task SendAsync(Func<QueryResponse, CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        var booleans = kind == ResourceKind.Postgres ? [] : MySqlValues.FindBooleans(reader, _types);
        var readers = _types.Select((type, i) => Reader(type, booleans.Contains(i))).ToArray();
        var batch = new Rows();
        var bytes = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = new Row();
            for (var i = 0; i < readers.Length; i++)
                row.Values.Add(readers[i](i));
            batch.Rows_.Add(row);
            bytes += row.CalculateSize();
            if (batch.Rows_.Count < options.MaxRowsPerBatch && bytes < options.MaxBatchBytes)
                continue;
            await send(new QueryResponse { Rows = batch }, cancellationToken);
            (batch, bytes) = (new Rows(), 0);
        }

        if (batch.Rows_.Count > 0)
            await send(new QueryResponse { Rows = batch }, cancellationToken);
    }

    private Func<int, Value> Reader(string type, bool isBoolean)
    {
        if (isBoolean)
            return ordinal => MySqlValues.ReadBoolean(reader, ordinal, type);
        if (kind != ResourceKind.Postgres)
            return ordinal => MySqlValues.Read(reader, ordinal, type);
        var baseType = PostgresValues.BaseType(type);
        return ordinal => PostgresValues.Read(reader, ordinal, baseType);
    }
}
