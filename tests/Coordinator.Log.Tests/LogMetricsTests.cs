using Microsoft.Extensions.Time.Testing;
using static Coordinator.Log.Tests.Records;

namespace Coordinator.Log.Tests;

/// <summary>The gauges of a log's room and of its last write.</summary>
public sealed class LogMetricsTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly MeasuredMeters _meters = new();

    public void Dispose()
    {
        _meters.Dispose();
        _folder.Delete();
    }

    [Fact]
    public async Task Gauges_BeforeTheLogIsOpen_SayNothingOfWrites()
    {
        await using var log = Create();

        var values = _meters.Collect();

        Assert.DoesNotContain("coordinator.log.write_age", values.Keys);
        Assert.Equal(0, values["coordinator.log.size"]);
    }

    [Fact]
    public async Task Gauges_AfterAWrite_TellItsAgeAndTheRoom()
    {
        await using var log = Create();
        var opened = await log.OpenAsync(new SeededIds(1));
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal(40, _meters.Collect()["coordinator.log.write_age"]);

        await log.DecideAsync(Decide(opened, 1));
        _time.Advance(TimeSpan.FromSeconds(2));

        var values = _meters.Collect();
        Assert.Equal(2, values["coordinator.log.write_age"]);
        var files = new[] { "", "-wal", ".mark" }.Select(suffix => new FileInfo(_folder.Log + suffix)).ToList();
        Assert.All(files, file => Assert.True(file.Exists, file.Name));
        Assert.Equal(files.Sum(file => file.Length), values["coordinator.log.size"]);
        Assert.InRange(values["coordinator.log.disk_free"], 1, double.MaxValue);
    }

    // The disk may go away under a log; a collection goes on, and says what is still known.
    [Fact]
    public async Task Gauges_FolderGone_SayNoSizeOfTheDisk()
    {
        var log = Create();
        await log.OpenAsync(new SeededIds(1));
        await log.DisposeAsync();
        using var meters = new MeasuredMeters();
        await using var gone = new SqliteTransactionLog(
            new SqliteLogOptions { Path = Path.Combine(_folder.Log + "-no-folder", "coordinator.db") }, _time, logger: null, meters);

        Assert.DoesNotContain("coordinator.log.disk_free", meters.Collect().Keys);
        Assert.Empty(_meters.Collect());
    }

    private SqliteTransactionLog Create() => new(new SqliteLogOptions { Path = _folder.Log }, _time, logger: null, _meters);
}
