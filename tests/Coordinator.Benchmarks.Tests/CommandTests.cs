using Coordinator.Benchmarks.Logs;
using Coordinator.Benchmarks.Mix;
using Coordinator.Benchmarks.Recovery;
using Coordinator.Benchmarks.Rpc;
using Coordinator.Benchmarks.Scale;
using Coordinator.Benchmarks.TwoPhase;

namespace Coordinator.Benchmarks.Tests;

/// <summary>
/// Each command, shortly. The commands themselves fail if what the databases hold is not what was committed, or anything
/// stays prepared (<see cref="WholeCheckTests"/>).
/// </summary>
public class CommandTests
{
    [Fact]
    public async Task TwoPhase_AllCases_GiveARowEach()
    {
        var run = await ShortRun.RunAsync(TwoPhaseCommand.RunAsync, ShortRun.Options);

        run.AssertWellFormed();
        run.AssertMeasured();
        Assert.Equal(CaseCatalog.Names, run.Cases);
        Assert.Equal(CaseCatalog.Names.Count, run.Rows.Count);
        foreach (var row in run.Rows)
        {
            Assert.Equal("postgres+mariadb", row.GetProperty("databases").GetString());
            Assert.True(row.GetProperty("ratio_to_floor").GetDouble() > 0);
            var cpu = row.GetProperty("cpu_us").EnumerateObject().Select(part => part.Name).ToList();
            Assert.Equal(["postgres", "mariadb", "application"], cpu.Take(3));
            Assert.Equal(row.GetProperty("case").GetString()!.StartsWith("service", StringComparison.Ordinal), cpu.Contains("coordinator"));
            // At most one for each decision; the end of one rides with the next, or is written alone after a while.
            if (row.TryGetProperty("forced_writes_per_tx", out var forced))
                Assert.InRange(forced.GetDouble(), 0.01, 1.5);
            else
                Assert.StartsWith("floor", row.GetProperty("case").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task TwoPhase_OnTwoPostgres_HasNoCasesAboutWitnessRows()
    {
        var run = await ShortRun.RunAsync(TwoPhaseCommand.RunAsync, ShortRun.Options with
        {
            Databases = ["postgres+postgres"],
            Cases = [FloorCase.Separate, FloorCase.Merged, InitiatorCase.Embedded, InitiatorCase.EmbeddedWitnessOff],
        });

        run.AssertWellFormed();
        run.AssertMeasured();
        Assert.Equal([FloorCase.Separate, FloorCase.Merged, InitiatorCase.Embedded], run.Cases);
    }

    [Fact]
    public async Task Log_GivesOursBesideTheBareOnes()
    {
        var run = await ShortRun.RunAsync(LogCommand.RunAsync, ShortRun.Options);

        run.AssertWellFormed();
        run.AssertMeasured();
        Assert.Equal(LogCommand.Names, run.Cases);
        Assert.All(run.Rows, row => Assert.InRange(row.GetProperty("batch").GetDouble(), 1, 2));
    }

    [Fact]
    public async Task Grpc_GivesEachWay()
    {
        var run = await ShortRun.RunAsync(RpcCommand.RunAsync, ShortRun.Options);

        run.AssertWellFormed();
        run.AssertMeasured();
        Assert.Equal(RpcCommand.Names, run.Cases);
        Assert.All(run.Rows, row => Assert.Equal(["client", "server"], row.GetProperty("cpu_us").EnumerateObject().Select(part => part.Name)));
    }

    [Fact]
    public async Task Mix_EachCase_StandsBesideWhatItMayCost()
    {
        var run = await ShortRun.RunAsync(MixCommand.RunAsync, ShortRun.Options);

        run.AssertWellFormed();
        run.AssertMeasured();
        Assert.All(
            run.Rows.Where(row => row.GetProperty("case").GetString()!.StartsWith("sdk", StringComparison.Ordinal)),
            row => Assert.True(row.TryGetProperty(MixReport.Allowed, out _)));
    }

    [Fact]
    public async Task Recovery_CommitsAllThatWasPrepared()
    {
        var run = await ShortRun.RunAsync(RecoveryCommand.RunAsync, ShortRun.Options);

        run.AssertWellFormed();
        Assert.Equal(["undelivered-0", "undelivered-50", "prepared-20"], run.Cases);
        Assert.All(run.Rows, row => Assert.InRange(row.GetProperty("begin_s").GetDouble(), 0.001, row.GetProperty("commit_s").GetDouble()));
        Assert.True(run.Rows[^1].GetProperty("all_recovered_s").GetDouble() > 0);
    }

    [Fact]
    public async Task Scale_GivesMemoryAndLogAtEachLook()
    {
        var run = await ShortRun.RunAsync(ScaleCommand.RunAsync, ShortRun.Options);

        run.AssertWellFormed();
        Assert.Equal(["process-idle", "process-open", "engine-open"], run.Cases.Take(3));
        Assert.Equal(10, run.Cases.Count(name => name.StartsWith("finished", StringComparison.Ordinal)));
        Assert.True(run.Rows[2].GetProperty("bytes_each").GetDouble() > 100);
        Assert.All(run.Rows.Skip(3), row => Assert.True(row.GetProperty("log_mb").GetDouble() > 0));
    }
}
