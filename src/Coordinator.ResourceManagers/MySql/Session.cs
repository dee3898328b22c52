using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using MySqlConnector;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// One connection. A statement that does not answer in time, or is cancelled, is abandoned, and its connection with it:
/// nothing more is sent on it. The driver itself is not asked to cancel: it would open another connection to the server,
/// on the thread of whoever cancels, and what was interrupted in the middle of XA PREPARE proves nothing either way.
/// </summary>
internal sealed class Session(MySqlConnection connection)
{
    private static readonly TimeSpan _farewellTimeout = TimeSpan.FromSeconds(1);
    private Task _last = Task.CompletedTask;
    private bool _abandoned;
    private long _serverTime;
    private long _readAt;
    private long _lockedAt;

    public MySqlConnection Connection => connection;

    public bool IsUsable => !_abandoned && connection.State == ConnectionState.Open;

    /// <summary>The server's number of this connection.</summary>
    public ulong Id { get; private set; }

    /// <summary>Under which its branches' witness rows name it; see <see cref="SessionNumber"/>.</summary>
    public ulong Number { get; private set; }

    /// <summary>The server's clock, in seconds since 1970, from its time at the connection and the time that passed here.</summary>
    public long ServerNow => _serverTime + (long)Stopwatch.GetElapsedTime(_readAt).TotalSeconds;

    /// <summary>Whether the server takes a backslash in this session's literals for itself (<c>NO_BACKSLASH_ESCAPES</c>).</summary>
    public bool NoBackslashEscapes { get; private set; }

    /// <summary>The session variables that differ from the server's defaults.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; set; } = new Dictionary<string, string>();

    /// <summary>When it was last given back to its pool, as a timestamp.</summary>
    public long ReturnedAt { get; set; }

    /// <summary>Makes a new connection ready.</summary>
    public async Task SetUpAsync(string statements, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var row = (await QueryAsync(
            $"{statements}; SELECT CONNECTION_ID(), UNIX_TIMESTAMP(), {SessionNumber.Draw(out var random)}, FIND_IN_SET('NO_BACKSLASH_ESCAPES', @@sql_mode) > 0",
            timeout,
            cancellationToken))[0][0];
        if (row[2] != "1")
            throw new ConnectionLostException("The session's lock is not to be had.");
        Id = ulong.Parse(row[0]!, CultureInfo.InvariantCulture);
        Number = random | Id;
        NoBackslashEscapes = row[3] == "1";
        _serverTime = long.Parse(row[1]!, CultureInfo.InvariantCulture);
        _readAt = _lockedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>An empty batch: its statements go in one round trip, and the server stops at the first that fails.</summary>
    public MySqlBatch CreateBatch(TimeSpan timeout) => new(connection) { Timeout = DriverLimit(timeout) };

    /// <summary>Runs a batch; returns how many rows its statements changed together, -1 if they all were queries.</summary>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public async Task<int> ExecuteAsync(MySqlBatch batch, TimeSpan timeout, CancellationToken cancellationToken) =>
        await RunAsync(batch.ExecuteNonQueryAsync, timeout, cancellationToken);

    /// <summary>Runs statements in one round trip.</summary>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public Task ExecuteAsync(string statements, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunAsync(Command(statements, timeout).ExecuteNonQueryAsync, timeout, cancellationToken);

    /// <summary>Runs statements in one round trip; returns the rows of those that return any, each value as text.</summary>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public Task<IReadOnlyList<IReadOnlyList<string?[]>>> QueryAsync(
        string statements, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunAsync(_ => ReadAllAsync(Command(statements, timeout)), timeout, cancellationToken);

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
        // A close waits for a statement that still runs, so it follows when that ends, at the latest at its time limit.
        // Nobody waits for a server that does not answer longer than for a farewell.
        var closing = _last.ContinueWith(
            _ => connection.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _abandoned = true;
        await Task.WhenAny(closing, Task.Delay(_farewellTimeout));
    }

    private async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> run, TimeSpan timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!IsUsable)
            throw new ConnectionLostException("The connection is lost.");
        var running = run(CancellationToken.None);
        _last = running;
        try
        {
            return await running.WaitAsync(timeout, cancellationToken);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            _abandoned = true;
            throw;
        }
        catch (Exception failure) when (failure is not DbException && connection.State != ConnectionState.Open)
        {
            // What the driver meets while it sends it passes on as the socket's own exception, or as a wrong state.
            throw new ConnectionLostException("The connection was lost.", failure);
        }
    }

    [SuppressMessage("Security", "CA2100", Justification =
        "Statements are constants with ids and numbers spliced in; a BranchId exists only if it matches the grammar.")]
    private MySqlCommand Command(string statements, TimeSpan timeout) =>
        new(statements, connection) { CommandTimeout = DriverLimit(timeout) };

    // Ours comes first and is exact; the driver's closes the socket of what was abandoned.
    private static int DriverLimit(TimeSpan timeout) => Driver.Seconds(timeout) + 1;

    private static async Task<IReadOnlyList<IReadOnlyList<string?[]>>> ReadAllAsync(MySqlCommand command)
    {
        var results = new List<IReadOnlyList<string?[]>>();
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
        return results;
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
}
