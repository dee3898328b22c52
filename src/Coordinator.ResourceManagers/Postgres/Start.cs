using System.Data;
using System.Data.Common;
using System.Globalization;
using Coordinator.ResourceManagers.Work;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// BEGIN, the branch's advisory lock (see <see cref="Gid.LockKey"/>), the lock timeout, and the transaction's start, by
/// which prepare knows that it prepares what was begun. All of it goes ahead of the first statement in one batch: where
/// the lock is taken the server skips what follows.
/// </summary>
internal sealed class Start(
    Connections connections,
    NpgsqlConnection connection,
    BranchId branch,
    BranchOptions branchOptions,
    PostgresOptions options) : BranchStart
{
    private readonly string _begin = "BEGIN" + IsolationClause(branchOptions.IsolationLevel);

    private readonly string _lockTimeout =
        Math.Max(1, (long)branchOptions.LockTimeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>The transaction's start, once begun without an id.</summary>
    public string StartedAt { get; private set; } = "";

    /// <summary>The transaction's id, once begun with one.</summary>
    public string? TransactionId { get; private set; }

    public override async Task BeginAsync(bool async, CancellationToken cancellationToken)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = Batch.Seconds(options.WorkTimeout) };
        AddTo(batch, withId: false);
        var reader = await ExecuteAsync(batch, withId: false, async, CommandBehavior.Default, cancellationToken);
        if (async)
            await reader.DisposeAsync();
        else
            reader.Dispose();
    }

    /// <summary>Puts what begins the branch into a batch, ahead of everything else.</summary>
    /// <param name="batch">Empty.</param>
    /// <param name="withId">Assigns the transaction's id at once: for a batch that prepares too, which needs one anyway.</param>
    public void AddTo(NpgsqlBatch batch, bool withId)
    {
        batch.Add(_begin);
        if (Variables.Count > 0)
            batch.Add(SetVariables());
        batch.BatchCommands.Add(SessionStatements.Begin(Gid.Key(branch), _lockTimeout, withId));
    }

    /// <summary>Executes a batch that begins the branch; its reader stands behind what did.</summary>
    public async Task<NpgsqlDataReader> ExecuteAsync(
        NpgsqlBatch batch, bool withId, bool async, CommandBehavior behavior, CancellationToken cancellationToken)
    {
        WasSent = true;
        NpgsqlDataReader? reader = null;
        try
        {
            reader = async ? await batch.ExecuteReaderAsync(behavior, cancellationToken) : batch.ExecuteReader(behavior);
            if (Variables.Count > 0)
                _ = async ? await reader.NextResultAsync(cancellationToken) : reader.NextResult();
            if (!(async ? await reader.ReadAsync(cancellationToken) : reader.Read()))
                throw new InvalidOperationException("The server did not say when the transaction began.");
            if (withId)
                TransactionId = reader.GetString(0);
            else
                StartedAt = reader.GetString(0);
            HasBegun = true;
            return reader;
        }
        catch (PostgresException refused) when (!HasBegun && refused.SqlState == PostgresErrorCodes.DivisionByZero)
        {
            // Nothing else up to the first row divides.
            IsTaken = true;
            throw new BranchTakenException(branch, refused);
        }
        catch (DbException failure)
        {
            connections.ForgetIfBroken(connection, failure);
            throw;
        }
    }

    protected override Task SetVariablesAsync(CancellationToken cancellationToken) =>
        Batch.ExecuteAsync(connection, options.WorkTimeout, cancellationToken, SetVariables());

    protected override bool CanShare(DbCommand first)
    {
        var command = (NpgsqlCommand)first;
        // A batch cannot return everything as text, which this flag asks for, and it fills no output parameters.
        return command is { IsPrepared: false, AllResultTypesAreUnknown: false, UnknownResultTypeList: null }
            && command.Parameters.All(parameter => ((DbParameter)parameter).Direction == ParameterDirection.Input);
    }

    protected override async Task<FirstResult> ExecuteTogetherAsync(
        bool async, DbCommand first, CommandBehavior behavior, CancellationToken cancellationToken)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = first.CommandTimeout };
        AddTo(batch, withId: false);
        batch.BatchCommands.Add(Batch.Copy((NpgsqlCommand)first));
        var reader = await ExecuteAsync(batch, withId: false, async, behavior, cancellationToken);
        try
        {
            _ = async ? await reader.NextResultAsync(cancellationToken) : reader.NextResult();
            return new FirstResult(reader, RecordsAffected: null);
        }
        catch
        {
            if (async)
                await reader.DisposeAsync();
            else
                reader.Dispose();
            throw;
        }
    }

    // For the transaction only, so the session keeps nothing of it.
    private string SetVariables() =>
        $"SELECT {string.Join(", ", Variables.Select(variable => $"set_config('{variable.Key}', '{variable.Value}', true)"))}";

    private static string IsolationClause(IsolationLevel? level) => level switch
    {
        null or IsolationLevel.Unspecified => "",
        IsolationLevel.ReadUncommitted => " ISOLATION LEVEL READ UNCOMMITTED",
        IsolationLevel.ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
        IsolationLevel.RepeatableRead or IsolationLevel.Snapshot => " ISOLATION LEVEL REPEATABLE READ",
        IsolationLevel.Serializable => " ISOLATION LEVEL SERIALIZABLE",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "PostgreSQL has no such isolation level."),
    };
}
