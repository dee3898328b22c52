using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Coordinator.Simulation.Tests;

/// <summary>The simulator as its user runs it: schedules full of faults, and every crash point of small transactions.</summary>
public sealed partial class SimulationTests(ITestOutputHelper output)
{
    private const int Schedules = 20_000;

    // A run that never met a fault would show nothing about it.
    private static readonly string[] _met =
    [
        "branches committed in one phase", "branches committed in two phases", "branches hidden", "clients told Aborted",
        "clients told Committed", "clients told Unknown", "decisions: Abort", "decisions: Commit",
        "finished branches that came back prepared", "initiators told Aborted", "initiators told Committed", "initiators told Unknown",
        "initiators' streams that broke", "initiators' transactions given up", "kills: application", "kills: client", "kills: coordinator", "kills: database",
        "kills: participant", "log writes that failed", "logs restored from a backup", "prepared branches rolled back",
        "meddlers told Aborted", "meddlers told Committed", "processes stopped for a while",
        "quarantined branches settled by an operator", "starts refused by a damaged log", "streams that went silent",
    ];

    [Fact]
    public async Task Schedules_FullOfFaults_ViolateNothing()
    {
        var (exitCode, lines) = await RunAsync("--seeds", $"{Schedules}");

        Assert.Equal($"simulation: schedules={Schedules} violations=0", lines[^1]);
        Assert.Equal(0, exitCode);
        Assert.All(_met, met => Assert.Contains(lines, line => line.TrimEnd().EndsWith("  " + met, StringComparison.Ordinal)));
    }

    // A violation that cannot be replayed is worth little: nothing may depend on threads, hash codes or real time.
    [Fact]
    public async Task Schedules_RunAgain_AreTheSame()
    {
        var (_, first) = await RunAsync("--seeds", "300", "--first", "77000", "--threads", "1");
        var (_, second) = await RunAsync("--seeds", "300", "--first", "77000", "--threads", "3");

        Assert.Equal(Digest(first), Digest(second));
        Assert.NotEqual("", Digest(first));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(2, true)]
    public async Task CrashPoints_EachAlone_ViolateNothing(int branches, bool isInitiated)
    {
        var (exitCode, lines) = await RunAsync("crash-points", "--branches", $"{branches}", "--initiated", $"{isInitiated}");

        Assert.Matches($"^crash points: branches={branches} initiated={isInitiated} runs=[0-9]{{3,}} violations=0$", lines[^1]);
        Assert.Equal(0, exitCode);
    }

    [Theory]
    [InlineData("--seeds", "0")]
    [InlineData("--threads", "0")]
    [InlineData("crash-points", "--branches", "4")]
    public async Task Options_OutOfRange_AreRefused(params string[] arguments)
    {
        var (exitCode, lines) = await RunAsync(arguments);

        Assert.NotEqual(0, exitCode);
        Assert.Contains(lines, line => line.Contains("must be", StringComparison.Ordinal));
    }

    private static string Digest(IEnumerable<string> lines) => DigestPattern().Match(string.Join('\n', lines)).Value;

    private async Task<(int ExitCode, List<string> Lines)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Setup).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync() + await errors;
        await process.WaitForExitAsync();
        output.WriteLine(text);
        return (process.ExitCode, [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)]);
    }

    [GeneratedRegex("digest [0-9a-f]{16}")]
    private static partial Regex DigestPattern();
}
