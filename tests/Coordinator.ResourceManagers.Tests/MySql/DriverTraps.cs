using System.Data;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Coordinator.ResourceManagers.MySql;
using Coordinator.Testing;
using MySqlConnector;

namespace Coordinator.ResourceManagers.Tests.MySql;

/// <summary>What MySqlConnector itself does with XA branches: why sessions are not pooled by it, and nothing is cancelled by it.</summary>
public sealed class DriverTraps
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);
    private readonly BranchId _branch = TestIds.NewBranch(TestIds.NewParticipant());

    /// <summary>Closing says nothing of the branch that the session holds: it stays prepared, and anybody finishes it.</summary>
    [Theory]
    [MySqlFamilyData]
    public async Task Close_HoldsAPreparedBranch_IsSilentAndLeavesItPrepared(DatabaseKind kind)
    {
        await using var server = await PrivateServer.StartAsync(kind);
        var database = await TestDatabase.CreateAsync(server);
        await using (var preparing = await OpenAsync(database))
            await ExecuteAsync(preparing, $"{Xid.Start(_branch)}; {Insert()}; {Xid.End(_branch)}; {Xid.Prepare(_branch)}");

        await using var other = await OpenAsync(database);
        Assert.True(await IsListedAsync(other));
        // MariaDB detaches the branch some time after the disconnect; until then it is unknown to everybody else.
        await Eventually.AssertAsync(() => TryAsync(other, Xid.Commit(_branch)), _limit, "another session commits it");
        Assert.False(await IsListedAsync(other));
    }

    /// <summary>What the driver's pool does with a session that returns: the branch stays with the session, and held from others.</summary>
    [Theory]
    [MySqlFamilyData]
    public async Task Reset_HoldsAPreparedBranch_KeepsIt(DatabaseKind kind)
    {
        await using var server = await PrivateServer.StartAsync(kind);
        var database = await TestDatabase.CreateAsync(server);
        await using var preparing = await OpenAsync(database);
        await ExecuteAsync(preparing, $"{Xid.Start(_branch)}; {Insert()}; {Xid.End(_branch)}; {Xid.Prepare(_branch)}");

        await preparing.ResetConnectionAsync(default);

        await using var other = await OpenAsync(database);
        Assert.True(await IsListedAsync(other));
        await ExecuteAsync(preparing, Xid.Commit(_branch));
        Assert.False(await IsListedAsync(other));
    }

    /// <summary>An answer that is lost has no number of the server's: nothing is known.</summary>
    [Theory]
    [MySqlFamilyData]
    public async Task Killed_InTheMiddleOfXaPrepare_IsNoAnswer(DatabaseKind kind)
    {
        await using var server = await PrivateServer.StartAsync(kind);
        var database = await TestDatabase.CreateAsync(server);
        await using var preparing = await OpenAsync(database);
        await using var locker = await OpenAsync(database);
        var running = await PrepareBehindALockAsync(database, preparing, locker, CancellationToken.None);
        await ExecuteAsync(locker, $"KILL {preparing.ServerThread}");

        var failure = await Assert.ThrowsAsync<MySqlException>(() => running);

        Assert.Equal(0, failure.Number);
        Assert.NotEqual(ConnectionState.Open, preparing.State);
        var verdict = ErrorClassifier.Classify(failure);
        Assert.Equal(Answer.Unknown, verdict.Answer);
        Assert.Contains(failure.GetBaseException().Message, verdict.Detail, StringComparison.Ordinal);
    }

    /// <summary>
    /// The driver's cancellation kills the statement from another connection. Both servers then roll the branch back: a
    /// vote that was already on its way would be wrong, so a session that prepares is never cancelled, but abandoned.
    /// </summary>
    [Theory]
    [MySqlFamilyData]
    public async Task Cancelled_InTheMiddleOfXaPrepare_RollsBackAndProvesNothing(DatabaseKind kind)
    {
        await using var server = await PrivateServer.StartAsync(kind);
        var database = await TestDatabase.CreateAsync(server);
        await using var preparing = await OpenAsync(database);
        await using var locker = await OpenAsync(database);
        using var cancel = new CancellationTokenSource();
        var running = await PrepareBehindALockAsync(database, preparing, locker, cancel.Token);
        await cancel.CancelAsync();

        var cancelled = await Assert.ThrowsAsync<OperationCanceledException>(() => running);

        var failure = Assert.IsType<MySqlException>(cancelled.InnerException);
        Assert.Equal(MySqlErrorCode.QueryInterrupted, failure.ErrorCode);
        Assert.Equal(Answer.Unknown, ErrorClassifier.Classify(failure).Answer);
        Assert.Equal(ConnectionState.Open, preparing.State);
        await ExecuteAsync(locker, "UNLOCK TABLES");
        Assert.False(await IsListedAsync(locker));
    }

    private async Task<Task> PrepareBehindALockAsync(
        TestDatabase database, MySqlConnection preparing, MySqlConnection locker, CancellationToken cancellationToken)
    {
        await ExecuteAsync(preparing, $"{Xid.Start(_branch)}; {Insert()}; {Xid.End(_branch)}", cancellationToken);
        await ExecuteAsync(locker, "FLUSH TABLES WITH READ LOCK", CancellationToken.None);
        var running = ExecuteAsync(preparing, Xid.Prepare(_branch), cancellationToken);
        await Eventually.AssertAsync(
            async () => (await database.QueryAsync("SHOW FULL PROCESSLIST;")).Any(row => row.Contains("XA PREPARE", StringComparison.Ordinal)),
            _limit,
            "XA PREPARE waits");
        return running;
    }

    private static string Insert() => $"INSERT INTO account VALUES ({TestDatabase.NewRow()}, 1)";

    private static async Task<MySqlConnection> OpenAsync(TestDatabase database)
    {
        var connection = Driver.Create(Driver.Configure(database.Server.AdminConnectionString(database.Name), _limit, _limit), noBackslashEscapes: false);
        await connection.OpenAsync();
        return connection;
    }

    [SuppressMessage("Security", "CA2100", Justification = "The texts are this class's own.")]
    private static async Task ExecuteAsync(MySqlConnection connection, string statements, CancellationToken cancellationToken = default)
    {
        await using var command = new MySqlCommand(statements, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<bool> IsListedAsync(MySqlConnection connection)
    {
        await using var command = new MySqlCommand("XA RECOVER", connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            // Text on MySQL, bytes on MariaDB.
            var data = reader.GetValue(3) as string ?? Encoding.ASCII.GetString((byte[])reader.GetValue(3));
            if (data == $"{_branch.Transaction}{_branch.Branch}")
                return true;
        }

        return false;
    }

    private static async Task<bool> TryAsync(MySqlConnection connection, string statement)
    {
        try
        {
            await ExecuteAsync(connection, statement);
            return true;
        }
        catch (MySqlException)
        {
            return false;
        }
    }
}
