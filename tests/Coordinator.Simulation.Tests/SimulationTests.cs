using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Coordinator.Simulation.Tests;

/// <summary>The simulator as its user runs it: schedules full of faults, and every crash point of small transactions.</summary>
public sealed partial class SimulationTests(ITestOutputHelper output)
{
    private const int Schedules = 20_000;

    [Fact]
    public async Task Schedules_FullOfFaults_ViolateNothing()
    {
        var (exitCode, lines) = await RunAsync("--seeds", $"{Schedules}");

        Assert.Equal($"simulation: schedules={Schedules} violations=0", lines[^1]);
        Assert.Equal(0, exitCode);
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

    // A run that never met a fault would show nothing about it.
    [Fact]
    public async Task Schedules_AllTogether_MeetEveryFault()
    {
        var (_, lines) = await RunAsync("--seeds", "4000", "--first", "500000");

        foreach (var met in (string[])
        [
            "branches committed in one phase", "branches committed in two phases", "branches hidden", "clients told Aborted",
            "clients told Committed", "clients told Unknown", "decisions: Abort", "decisions: Commit",
            "finished branches that came back prepared", "kills: client", "kills: coordinator", "kills: database",
            "kills: participant", "log writes that failed", "logs restored from a backup", "prepared branches rolled back",
            "processes stopped for a while", "quarantined branches settled by an operator", "starts refused by a damaged log",
        ])
        {
            Assert.Contains(lines, line => line.TrimEnd().EndsWith("  " + met, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task CrashPoints_EachAlone_ViolateNothing(int branches)
    {
        var (exitCode, lines) = await RunAsync("crash-points", "--branches", $"{branches}");

        Assert.Matches($"^crash points: branches={branches} runs=[0-9]{{3,}} violations=0$", lines[^1]);
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
