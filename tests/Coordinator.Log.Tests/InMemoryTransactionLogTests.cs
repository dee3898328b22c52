namespace Coordinator.Log.Tests;

public sealed class InMemoryTransactionLogTests : TransactionLogConformance
{
    private readonly InMemoryLogStorage _storage = new();

    protected override ITransactionLog Create() => new InMemoryTransactionLog(_storage);

    protected override Task CrashAsync(ITransactionLog log)
    {
        _storage.Crash();
        return Task.CompletedTask;
    }

    protected override void FailNextWrite(bool isWritten) => _storage.FailNextWrite(isWritten);

    [Fact]
    public async Task Crash_TheOldLog_IsDead()
    {
        var (log, opened) = await OpenAsync();
        _storage.Crash();
        await Assert.ThrowsAsync<LogOutcomeUnknownException>(() => log.DecideAsync(Records.Decide(opened, 1)));
    }
}
