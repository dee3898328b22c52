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
    /// split, nothing lost, nothing left prepared. Where real MySQL cannot be had, its two kinds are missing, and said to be.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task EveryKindOfKill_NothingIsSplitLostOrLeftPrepared(int seed)
    {
        var lines = await RunAsync("--kills", "50", "--seed", $"{seed}");

        var kinds = lines.Any(line => line.StartsWith("Real MySQL could not be had here", StringComparison.Ordinal)) ? 11 : 13;
        Assert.Equal($"torture: kills=50 kinds={kinds} split=0 lost=0 left_prepared=0", lines[^1]);
    }

    /// <summary>The options that choose among the kinds choose.</summary>
    [Fact]
    public async Task Only_KillsNothingElse() =>
        Assert.Equal("torture: kills=4 kinds=1 split=0 lost=0 left_prepared=0", (await RunAsync("--kills", "4", "--only", "client"))[^1]);

    [Fact]
    public async Task Kinds_Unknown_IsAUsageError()
    {
        await using var process = ProcessHandle.StartDotnet(Programs.Torture, ["--kinds", "earthquake"]);

        Assert.Equal(1, await process.WaitForExitAsync(Limit));
        Assert.Contains(process.Lines, line => line.Contains("there is no earthquake", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<string>> RunAsync(params string[] arguments)
    {
        await using var process = ProcessHandle.StartDotnet(Programs.Torture, arguments);

        var exitCode = await process.WaitForExitAsync(Limit);

        Assert.True(exitCode == 0, string.Join('\n', process.Lines));
        return process.Lines;
    }
}
