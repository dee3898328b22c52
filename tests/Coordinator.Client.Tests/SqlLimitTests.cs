using Coordinator.ScriptedServices;

namespace Coordinator.Client.Tests;

/// <summary>What a statement does that is never answered.</summary>
public class SqlLimitTests : ClientTest, IAsyncLifetime
{
    private readonly ScriptedSql _script = new();
    private LoopbackServer? _participant;

    protected override bool VirtualTime => true;

    async Task IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        _participant = await LoopbackServer.StartAsync(_script);
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        await _participant!.DisposeAsync();
        await DisposeAsync();
    }

    [Fact]
    public async Task Execute_NeverAnswered_IsLostSomeTimeAfterTheDeadline()
    {
        _script.Executed.Hangs();
        await using var tx = await Client.BeginAsync();
        var statement = tx.Sql(_participant!.Address).ExecuteAsync("UPDATE stock SET n = 1");
        var limit = tx.Remaining + new CoordinatorClientOptions(Server.Address).CallTimeout;

        await Assert.ThrowsAsync<SqlAnswerLostException>(() => PastLimitAsync(statement, () => _script.Executed.Requests.Count == 1, limit));

        Assert.NotNull(tx.RollbackOnlyReason);
        Assert.Single(_script.Executed.Requests);
    }

    [Fact]
    public async Task Query_NeverAnswered_IsLostSomeTimeAfterTheDeadline()
    {
        _script.Queried.Hangs();
        await using var tx = await Client.BeginAsync();
        var query = tx.Sql(_participant!.Address).QueryAsync("SELECT n FROM stock");
        var limit = tx.Remaining + new CoordinatorClientOptions(Server.Address).CallTimeout;

        await Assert.ThrowsAsync<SqlAnswerLostException>(() => PastLimitAsync(query, () => _script.Queried.Requests.Count == 1, limit));

        Assert.NotNull(tx.RollbackOnlyReason);
    }
}
