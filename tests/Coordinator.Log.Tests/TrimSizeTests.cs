using System.Globalization;
using static Coordinator.Log.Tests.Records;

namespace Coordinator.Log.Tests;

/// <summary>How large a log is once most of it has been trimmed.</summary>
public sealed class TrimSizeTests : IDisposable
{
    /// <summary>50,000 unless the variable says more: <c>COORDINATOR_LOG_TRANSACTIONS=1000000</c>.</summary>
    private static readonly int Transactions = int.Parse(
        Environment.GetEnvironmentVariable("COORDINATOR_LOG_TRANSACTIONS") ?? "50000", NumberStyles.None, CultureInfo.InvariantCulture);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Delete();

    /// <summary>The first transaction's participant is away for good. Expected: it alone stays, and the file gives its room back.</summary>
    [Fact]
    public async Task R5_Trim_ManyFinishedBehindOneUndelivered_LeavesASmallLog()
    {
        BuiltLog.Make(_folder.Log, Transactions, isUnfinished: i => i == 1);
        var before = new FileInfo(_folder.Log).Length;
        await using (var log = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log }))
        {
            var opened = await log.OpenAsync(new SeededIds(1));
            var undelivered = Assert.Single(opened.Unfinished);

            Assert.Equal(Transactions - 1, (await log.TrimAsync(Noon.AddDays(1))).Transactions);

            AssertSame(undelivered, await log.FindDecisionAsync(undelivered.Transaction));
            await log.DecideAsync(Decide(opened, 1));
        }

        var after = new FileInfo(_folder.Log).Length;
        Assert.True(after < 4 * 1024 * 1024 && after < before, $"{before} bytes before, {after} after");
        var report = await LogInspector.VerifyAsync(_folder.Log);
        Assert.Equal(2, report.Unfinished);
        Assert.InRange(report.Records, 4, 10);
    }

    /// <summary>The same while it goes on: the log never grows beyond what retention keeps.</summary>
    [Fact]
    public async Task R5_Trim_AgainAndAgainBehindOneUndelivered_KeepsTheFileSmall()
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log, CheckpointPages = 200 });
        var opened = await log.OpenAsync(new SeededIds(1));
        await log.DecideAsync(Decide(opened, 1));
        var largest = 0L;
        for (var hour = 0; hour < 20; hour++)
        {
            for (var i = 0; i < 500; i++)
            {
                var sequence = 2 + (hour * 500) + i;
                _ = log.DecideAsync(Decide(opened, sequence));
                await log.AppendAsync(new EndRecord(Id(opened, sequence), Noon.AddHours(hour)), Durability.Lazy);
            }

            await log.AppendAsync(new ForgottenRecord(Id(opened, 1), "forced", Noon.AddHours(hour)), Durability.Forced);
            Assert.Equal(hour == 0 ? 0 : 500, (await log.TrimAsync(Noon.AddHours(hour))).Transactions);
            largest = Math.Max(largest, new FileInfo(_folder.Log).Length);
        }

        Assert.InRange(largest, 0, 2 * 1024 * 1024);
        Assert.NotNull(await log.FindDecisionAsync(Id(opened, 1)));
    }
}
