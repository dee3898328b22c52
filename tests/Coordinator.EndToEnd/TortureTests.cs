using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>
/// The torture program as its user starts it, with fewer kills. Alone, since the kills of two machines' worth of
/// processes beside it would only make it slow.
/// </summary>
[Collection(nameof(TortureTests))]
[CollectionDefinition(nameof(TortureTests), DisableParallelization = true)]
public sealed class TortureTests
{
    // Below the five minutes after which a test run takes a test for hung.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(280);

    /// <summary>
    /// Together: the coordinator killed 50 times, each database server 10 times, and every other part. Expected: nothing
    /// split, nothing lost, nothing left prepared.
    /// </summary>
    [MySqlTheory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task EveryKindOfKill_NothingIsSplitLostOrLeftPrepared(int seed) =>
        Assert.Equal("torture: kills=50 kinds=13 split=0 lost=0 left_prepared=0", await RunAsync("--kills", "50", "--seed", $"{seed}"));

    /// <summary>The options that choose among the kinds choose.</summary>
    [Fact]
    public async Task Only_KillsNothingElse() =>
        Assert.Equal("torture: kills=4 kinds=1 split=0 lost=0 left_prepared=0", await RunAsync("--kills", "4", "--only", "client"));

    [Fact]
    public async Task Kinds_Unknown_IsAUsageError()
    {
        await using var process = ProcessHandle.StartDotnet(Programs.Torture, ["--kinds", "earthquake"]);

        Assert.Equal(1, await process.WaitForExitAsync(Limit));
        Assert.Contains(process.Lines, line => line.Contains("there is no earthquake", StringComparison.Ordinal));
    }

    private static async Task<string> RunAsync(params string[] arguments)
    {
        await using var process = ProcessHandle.StartDotnet(Programs.Torture, arguments);

        var exitCode = await process.WaitForExitAsync(Limit);

        Assert.True(exitCode == 0, string.Join('\n', process.Lines));
        return process.Lines[^1];
    }
}
