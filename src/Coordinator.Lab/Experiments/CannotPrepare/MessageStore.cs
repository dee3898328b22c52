using Microsoft.Data.Sqlite;

namespace Coordinator.Lab.Experiments.CannotPrepare;

/// <summary>
/// A store with local transactions and without prepare: one SQLite file. A message broker and a document store are of the
/// same kind. It takes a message per order, and on wish a decision in the same transaction.
/// </summary>
internal sealed class MessageStore : IDisposable
{
    private readonly SqliteConnection _connection;

    public MessageStore(string path)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 10 }.ToString());
        _connection.Open();
        Execute("PRAGMA journal_mode = WAL");
        Execute("PRAGMA synchronous = FULL");
        Execute("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, copies INTEGER NOT NULL)");
        Execute("CREATE TABLE IF NOT EXISTS decision (id TEXT PRIMARY KEY, outcome TEXT NOT NULL)");
    }

    /// <summary>Writes an order's message. One that is there is not written again; that it came again is counted.</summary>
    public void Put(string order) =>
        Execute("INSERT INTO message (id, copies) VALUES ($p0, 1) ON CONFLICT (id) DO UPDATE SET copies = copies + 1", order);

    /// <summary>Writes an order's message and the decision to commit its transaction, both or neither; false if it was decided otherwise.</summary>
    public bool PutWithDecision(string order, string transaction)
    {
        using var local = _connection.BeginTransaction();
        if (Execute("INSERT INTO decision (id, outcome) VALUES ($p0, 'commit') ON CONFLICT DO NOTHING", transaction) == 0)
            return false;
        Put(order);
        local.Commit();
        return true;
    }

    /// <summary>The decision that stands; without one, abort is written first, so that none can come later (R3).</summary>
    public bool IsCommitted(string transaction)
    {
        Execute("INSERT INTO decision (id, outcome) VALUES ($p0, 'abort') ON CONFLICT DO NOTHING", transaction);
        return Text("SELECT outcome FROM decision WHERE id = $p0", transaction) == "commit";
    }

    /// <summary>How often an order's message came; 0: it is not there.</summary>
    public int Copies(string order) => int.Parse(Text("SELECT copies FROM message WHERE id = $p0", order) ?? "0", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A value that the store remembers from its first use on.</summary>
    public string Remember(string name, string value)
    {
        Execute("INSERT INTO decision (id, outcome) VALUES ($p0, $p1) ON CONFLICT DO NOTHING", name, value);
        return Text("SELECT outcome FROM decision WHERE id = $p0", name)!;
    }

    public void Dispose() => _connection.Dispose();

    private int Execute(string statement, params ReadOnlySpan<string> parameters)
    {
        using var command = Command(statement, parameters);
        return command.ExecuteNonQuery();
    }

    private string? Text(string statement, params ReadOnlySpan<string> parameters)
    {
        using var command = Command(statement, parameters);
        return command.ExecuteScalar() is { } value and not DBNull ? Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) : null;
    }

    private SqliteCommand Command(string statement, ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = statement;
#pragma warning restore CA2100
        for (var i = 0; i < parameters.Length; i++)
            command.Parameters.AddWithValue($"$p{i}", parameters[i]);
        return command;
    }
}
