namespace Coordinator.Saga.Tests;

/// <summary>The log in a SQLite file.</summary>
public sealed class SqliteSagaLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("saga-log-").FullName;

    private string FilePath => Path.Combine(_folder, "saga.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Write_Forced_IsThereAfterReopening()
    {
        var written = new SagaProgress("s", "order", "in/put", SagaState.Back, 2, "sold out");
        await using (var log = SqliteSagaLog.Open(FilePath))
            await log.WriteAsync(written, force: true);

        await using var again = SqliteSagaLog.Open(FilePath);
        Assert.Equal(written, Assert.Single(await again.ReadAllAsync()));
    }

    [Fact]
    public async Task Write_Again_KeepsThePlaceAndTheInput()
    {
        await using var log = SqliteSagaLog.Open(FilePath);
        await log.WriteAsync(new SagaProgress("first", "order", "1", SagaState.Forward, 0, null), force: true);
        await log.WriteAsync(new SagaProgress("second", "order", "2", SagaState.Forward, 0, null), force: true);
        await log.WriteAsync(new SagaProgress("first", "order", "1", SagaState.Forward, 1, null), force: false);

        var all = await log.ReadAllAsync();

        Assert.Equal([("first", 1), ("second", 0)], all.Select(saga => (saga.Id, saga.Next)));
    }

    [Fact]
    public async Task Remove_Ended_IsGoneAfterReopening()
    {
        await using (var log = SqliteSagaLog.Open(FilePath))
        {
            await log.WriteAsync(new SagaProgress("s", "order", "", SagaState.Forward, 0, null), force: true);
            await log.RemoveAsync("s");
        }

        await using var again = SqliteSagaLog.Open(FilePath);
        Assert.Empty(await again.ReadAllAsync());
    }

    [Fact]
    public async Task Write_ManyAtOnce_AreAllThere()
    {
        await using var log = SqliteSagaLog.Open(FilePath);
        await Task.WhenAll(Enumerable.Range(0, 500).Select(n =>
            log.WriteAsync(new SagaProgress($"s{n}", "order", "", SagaState.Forward, 0, null), force: true)));

        Assert.Equal(500, (await log.ReadAllAsync()).Count);
    }

    [Fact]
    public async Task Open_InUse_IsRefused()
    {
        await using var log = SqliteSagaLog.Open(FilePath);
        await log.WriteAsync(new SagaProgress("s", "order", "", SagaState.Forward, 0, null), force: true);

        Assert.Throws<SagaLogException>(() => SqliteSagaLog.Open(FilePath));
    }

    [Fact]
    public async Task Open_NoDatabase_IsRefused()
    {
        await File.WriteAllTextAsync(FilePath, new string('x', 5000));

        Assert.Throws<SagaLogException>(() => SqliteSagaLog.Open(FilePath));
    }
}
