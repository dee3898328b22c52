using Coordinator.Torture.Clients;

namespace Coordinator.Torture.Tests;

public sealed class JournalTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Report_IsReadBackAsSaid()
    {
        await using var journal = new Journal();
        using (var report = new Report(_path))
        {
            report.Say(Said.Begun, "a", Purpose.Commit, 3);
            report.Say(Said.Asked, "a", Purpose.Commit, 3);
            report.Say(Said.InDoubt, "a", Purpose.Commit, 3);
            report.Say(Said.Committed, "a", Purpose.Commit, 3);
            report.Say(Said.Begun, "b", Purpose.Audit, 7);
            report.Say(Said.NotCommitted, "b", Purpose.Audit, 7, total: 42);
        }

        journal.Follow(_path);
        journal.Close(_path);

        var records = journal.Records;
        Assert.Equal(["a", "b"], records.Select(record => record.Transaction));
        Assert.Equal((Purpose.Commit, 3, true, true, (Said?)Said.Committed), (records[0].Purpose, records[0].Touches, records[0].Asked, records[0].WasInDoubt, records[0].Told));
        Assert.Equal((Said?)Said.NotCommitted, records[1].Told);
        Assert.Equal(42, records[1].Total);
        Assert.Equal((1, 1), (journal.Committed, journal.NotCommitted));
    }

    /// <summary>The client was killed before it could say how the transaction ended.</summary>
    [Fact]
    public async Task Report_CutShort_LeavesTheEndOpen()
    {
        await using var journal = new Journal();
        await File.WriteAllTextAsync(_path, "1 Begun a Commit 3 0\n2 Asked a Commit 3 0\n3 Commi");

        journal.Follow(_path);
        journal.Close(_path);

        var record = Assert.Single(journal.Records);
        Assert.True(record.Asked);
        Assert.Null(record.Told);
    }

    [Fact]
    public async Task Commits_CountOnlyWhatBeganLaterAndTouchesTheDatabase()
    {
        await using var journal = new Journal();
        var commits = journal.CommitsAsync(DateTimeOffset.FromUnixTimeMilliseconds(10), touches: 2, count: 1);
        await File.WriteAllTextAsync(_path, "9 Begun old Commit 2 0\n20 Committed old Commit 2 0\n11 Begun other Commit 1 0\n21 Committed other Commit 1 0\n");
        journal.Follow(_path);
        journal.ReadNow();
        Assert.False(commits.IsCompleted);

        await File.AppendAllTextAsync(_path, "12 Begun new Commit 3 0\n30 Committed new Commit 3 0\n");
        journal.ReadNow();

        Assert.Equal(30, (await commits).ToUnixTimeMilliseconds());
    }
}
