using System.Diagnostics;

namespace Coordinator.Testing.Tests;

public class ProcessHandleTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task WaitForLine_LineComes_IsReturned()
    {
        await using var process = Bash("echo one; echo port 5 >&2; exec sleep infinity");
        Assert.Equal("port 5", await process.WaitForLineAsync("port", Limit));
        Assert.Equal("one", await process.WaitForLineAsync("one", Limit));
        Assert.False(process.HasExited);
    }

    [Fact]
    public async Task WaitForLine_ProcessEndsWithoutIt_ThrowsWithTheOutput()
    {
        await using var process = Bash("echo cannot start; exit 3");
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => process.WaitForLineAsync("ready", Limit));
        Assert.Contains("cannot start", failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, process.ExitCode);
    }

    [Fact]
    public async Task WaitForLine_NothingComes_ThrowsAtTheLimit()
    {
        await using var process = ProcessHandle.Start("sleep", ["infinity"]);
        await Assert.ThrowsAsync<TimeoutException>(() => process.WaitForLineAsync("ready", TimeSpan.FromMilliseconds(50)));
    }

    [Fact]
    public async Task Terminate_HandlerSet_RunsIt()
    {
        await using var process = Bash("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done");
        await process.WaitForLineAsync("ready", Limit);
        Assert.Equal(7, await process.TerminateAsync(Limit));
        Assert.Equal(["ready", "bye"], process.Lines);
    }

    [Fact]
    public async Task Kill_HandlerSet_EndsAtOnce()
    {
        await using var process = Bash("trap 'echo bye' TERM EXIT; echo ready; while :; do sleep 0.01; done");
        await process.WaitForLineAsync("ready", Limit);
        await process.KillAsync();
        Assert.Equal(["ready"], process.Lines);
        Assert.Equal(128 + 9, process.ExitCode);
    }

    [Fact]
    public async Task Kill_ChildHoldsTheOutputs_DoesNotWaitForIt()
    {
        await using var process = Bash("sleep 60 & echo $!; wait");
        var child = await process.WaitForLineAsync(_ => true, Limit, "the child's number");
        await process.KillAsync().WaitAsync(Limit);
        Process.GetProcessById(int.Parse(child, null)).Kill();
    }

    private static ProcessHandle Bash(string script) => ProcessHandle.Start("bash", ["-c", script]);
}
