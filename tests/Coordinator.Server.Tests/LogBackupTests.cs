using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Coordinator.Log;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Server.Tests;

/// <summary>A copy of the real log over the wire, while the coordinator goes on.</summary>
public sealed class LogBackupTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coordinator-backup-").FullName;
    private SqliteTransactionLog? _log;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task BackupLog_WhileCommitting_IsAWholeLog()
    {
        await using var server = await StartAsync();
        await using var participant = await server.AttachAsync();
        var first = await CommitAsync(server, participant, "order-1");

        using var call = server.Operators.BackupLog(new BackupLogRequest());
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var header = call.ResponseStream.Current.Header;
        var second = await CommitAsync(server, participant, "order-2");
        var copy = Path.Combine(_folder, "copy.db");
        await using (var file = File.Create(copy))
        {
            await foreach (var part in call.ResponseStream.ReadAllAsync())
                part.Data.WriteTo(file);
            Assert.Equal(header.SizeBytes, file.Length);
        }

        var decided = new List<string>();
        var report = await LogInspector.DumpAsync(copy, (_, record) =>
        {
            if (record is DecisionRecord decision)
                decided.Add(decision.Transaction.Value);
        });
        Assert.Equal(server.Server.Coordinator.Cluster.Value, header.Cluster);
        Assert.Equal(header.End, report.End);
        Assert.Contains(first, decided);
        Assert.DoesNotContain(second, decided);
        Assert.DoesNotContain(Directory.GetFiles(_folder), file => file.EndsWith(".snapshot", StringComparison.Ordinal));
    }

    [Fact]
    public async Task BackupLog_WhileAnotherIsSent_IsRefusedUntilThatOneEnds()
    {
        await using var server = await StartAsync();
        // More than the connection buffers, so that the first call waits for its reader.
        var id = TransactionId.Parse(await server.BeginAsync());
        for (var i = 0; i < 3000; i++)
            await _log!.AppendAsync(new ForgottenRecord(id, new string('x', 1900), DateTimeOffset.UnixEpoch), Durability.Lazy);

        using var first = server.Operators.BackupLog(new BackupLogRequest());
        Assert.True(await first.ResponseStream.MoveNext(CancellationToken.None));

        var (status, reason, _) = await TestServer.FailureOfAsync(async () => await server.Operators.BackupLog(new BackupLogRequest()).ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal((StatusCode.ResourceExhausted, Reason.Overloaded), (status, reason));

        first.Dispose();
        await Eventually.AssertAsync(
            async () => Assert.True(await BeginsAsync(server)),
            TestServer.Limit,
            "the next backup is sent");
    }

    [Fact]
    public async Task BackupLog_NoEmbeddedLog_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        var (status, reason, _) = await TestServer.FailureOfAsync(async () => await server.Operators.BackupLog(new BackupLogRequest()).ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal((StatusCode.FailedPrecondition, Reason.WrongState), (status, reason));
    }

    private static async Task<bool> BeginsAsync(TestServer server)
    {
        try
        {
            using var call = server.Operators.BackupLog(new BackupLogRequest());
            return await call.ResponseStream.MoveNext(CancellationToken.None);
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.ResourceExhausted)
        {
            return false;
        }
    }

    private Task<TestServer> StartAsync()
    {
        _log = new SqliteTransactionLog(new SqliteLogOptions { Path = Path.Combine(_folder, "coordinator.db") });
        return TestServer.StartAsync(log: _log);
    }

    private static async Task<string> CommitAsync(TestServer server, ScriptedParticipant participant, string key)
    {
        // A key makes it two-phase, and so recorded, though it has one branch.
        var id = (await server.Transactions.BeginAsync(new BeginRequest { IdempotencyKey = key })).TransactionId;
        await participant.EnlistAsync(id, "inventory.4f7c01ab");
        var committed = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { "inventory.4f7c01ab" } });
        Assert.Equal(Contracts.V1.Outcome.Committed, committed.Outcome);
        return id;
    }
}
