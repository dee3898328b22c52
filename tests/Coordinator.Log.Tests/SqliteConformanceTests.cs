namespace Coordinator.Log.Tests;

/// <summary>
/// The promises of every store, kept by the SQLite store. A crash is a copy of its files made while it has them open,
/// on which the next log is opened.
/// </summary>
public sealed class SqliteConformanceTests : TransactionLogConformance
{
    private readonly TestFolder _folder = new();
    private readonly TestFaults _faults = new();
    private string? _path;
    private int _crashes;

    protected override ITransactionLog Create() => new SqliteTransactionLog(new SqliteLogOptions
    {
        Path = _path ?? _folder.Log,
        // Nothing becomes durable by the passing of time: the tests say when.
        LazyDelay = TimeSpan.FromHours(1),
        Faults = _faults,
        TrimBatch = 2,
    });

    protected override Task CrashAsync(ITransactionLog log)
    {
        _path = _folder.Snapshot($"crash{_crashes++}", _path);
        return Task.CompletedTask;
    }

    protected override void FailNextWrite(bool isWritten) => _faults.FailAt(isWritten ? LogStep.AfterCommit : LogStep.BeforeCommit);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete();
    }
}
