using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Coordinator.ResourceManagers.Work;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// One connection, with time limits of its own: MySql.Data's command timeout was seen to hang. A statement that does not
/// answer in time, or is cancelled, is abandoned, and its connection with it: nothing more is sent on it.
/// </summary>
internal sealed class Session(DbConnection connection)
{
    private static readonly TimeSpan _farewellTimeout = TimeSpan.FromSeconds(1);
    private Task _last = Task.CompletedTask;
    private bool _abandoned;
    private long _serverTime;
    private long _readAt;
    private long _lockedAt;

    public DbConnection Connection => connection;

    public bool IsUsable => !_abandoned && connection.State == ConnectionState.Open;

    /// <summary>The server's number of this connection.</summary>
    public ulong Id { get; private set; }

    /// <summary>Under which its branches' witness rows name it; see <see cref="SessionNumber"/>.</summary>
    public ulong Number { get; private set; }

    /// <summary>The server's clock, in seconds since 1970, from its time at the connection and the time that passed here.</summary>
    public long ServerNow => _serverTime + (long)Stopwatch.GetElapsedTime(_readAt).TotalSeconds;

    /// <summary>The session variables that differ from the server's defaults.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; set; } = new Dictionary<string, string>();

    /// <summary>When it was last given back to its pool, as a timestamp.</summary>
    public long ReturnedAt { get; set; }

    /// <summary>Makes a new connection ready.</summary>
    public async Task SetUpAsync(string statements, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var row = (await QueryAsync(
            $"{statements}; SELECT CONNECTION_ID(), UNIX_TIMESTAMP(), {SessionNumber.Draw(out var random)}", timeout, cancellationToken))[0][0];
        if (row[2] != "1")
            throw new ConnectionLostException("The session's lock is not to be had.");
        Id = ulong.Parse(row[0]!, CultureInfo.InvariantCulture);
        Number = random | Id;
        _serverTime = long.Parse(row[1]!, CultureInfo.InvariantCulture);
        _readAt = _lockedAt = Stopwatch.GetTimestamp();
    }

    public async Task ExecuteAsync(string statements, TimeSpan timeout, CancellationToken cancellationToken) =>
        await RunAsync(statements, [], timeout, cancellationToken);

    /// <summary>Runs statements with parameters in one round trip; returns how many rows they changed together.</summary>
    public async Task<int> ExecuteAsync(
        string statements, IReadOnlyList<DbParameter> parameters, TimeSpan timeout, CancellationToken cancellationToken) =>
        (await RunAsync(statements, parameters, timeout, cancellationToken)).Changed;

    /// <summary>Runs statements in one round trip; returns the rows of those that return any, each value as text.</summary>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public async Task<IReadOnlyList<IReadOnlyList<string?[]>>> QueryAsync(
        string statements, TimeSpan timeout, CancellationToken cancellationToken) =>
        (await RunAsync(statements, [], timeout, cancellationToken)).Results;

    private async Task<Answers> RunAsync(
        string statements, IReadOnlyList<DbParameter> parameters, TimeSpan timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!IsUsable)
            throw new ConnectionLostException("The connection is lost.");
        var running = ReadAllAsync(statements, parameters);
        _last = running;
        try
        {
            return await running.WaitAsync(timeout, cancellationToken);
        }
        catch (InvalidOperationException failure) when (connection.State != ConnectionState.Open)
        {
            throw new ConnectionLostException("The connection was lost.", failure);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            _abandoned = true;
            throw;
        }
    }

    /// <summary>
    /// The name of the session's lock, to be taken again, which work may have let go of unseen (a stored function that calls
    /// RELEASE_ALL_LOCKS); null if it was taken less than <paramref name="freshFor"/> ago.
    /// </summary>
    public string? LockToRenew(TimeSpan freshFor)
    {
        if (Stopwatch.GetElapsedTime(_lockedAt) < freshFor)
            return null;
        _lockedAt = Stopwatch.GetTimestamp();
        return SessionNumber.LockName(Number);
    }

    /// <summary>Disconnects: the server rolls back what is not prepared.</summary>
    public async Task DisconnectAsync()
    {
        // The driver allows no close while a statement runs, so it follows whenever that ends. A close may block on a
        // server that does not answer; nobody waits for that longer than for a farewell.
        var closing = _last.ContinueWith(
            _ => connection.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _abandoned = true;
        await Task.WhenAny(closing, Task.Delay(_farewellTimeout));
    }

    [SuppressMessage("Security", "CA2100", Justification =
        "Statements are constants with ids and numbers spliced in; a BranchId exists only if it matches the grammar.")]
    private async Task<Answers> ReadAllAsync(string statements, IReadOnlyList<DbParameter> parameters)
    {
        // Off the caller's thread: a driver may block before its first await, and then no time limit would hold.
        if (!StatementText.IsShort(statements, parameters))
            await Task.Yield();
        var results = new List<IReadOnlyList<string?[]>>();
        // Not "await using": MySql.Data then leaves the command to its finalizer, and with it all that it holds to another
        // collection. Closing it sends nothing.
        using var command = connection.CreateCommand();
        command.CommandText = statements;
        command.CommandTimeout = 0;
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        await using var reader = await command.ExecuteReaderAsync();
        do
        {
            if (reader.FieldCount == 0)
                continue;
            var rows = new List<string?[]>();
            while (await reader.ReadAsync())
                rows.Add(ReadRow(reader));
            results.Add(rows);
        }
        while (await reader.NextResultAsync());
        return new Answers(results, reader.RecordsAffected);
    }

    private static string?[] ReadRow(DbDataReader reader)
    {
        var row = new string?[reader.FieldCount];
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = reader.GetValue(i) switch
            {
                DBNull => null,
                // One character a byte, so that lengths in bytes stay what they are.
                byte[] bytes => Encoding.Latin1.GetString(bytes),
                var value => Convert.ToString(value, CultureInfo.InvariantCulture),
            };
        }

        return row;
    }

    /// <param name="Results">The rows of the statements that return any.</param>
    /// <param name="Changed">How many rows were changed by all of them; -1 if they all were queries.</param>
    private sealed record Answers(IReadOnlyList<IReadOnlyList<string?[]>> Results, int Changed);
}
