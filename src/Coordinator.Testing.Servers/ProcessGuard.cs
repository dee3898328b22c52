using System.Diagnostics;

namespace Coordinator.Testing;

/// <summary>
/// Kills the processes that are still running when the test process ends, however it ends. One small shell is told of
/// each start and end; when our end of its input closes, it kills the rest.
/// </summary>
/// <remarks>
/// PR_SET_PDEATHSIG is no way: it fires when the *thread* that started the process ends, and the thread pool's do.
/// </remarks>
internal static class ProcessGuard
{
    private const string Script = """
        declare -A running
        while read -r verb process; do
          case $verb in
            started) running[$process]=1 ;;
            ended) unset "running[$process]" ;;
          esac
        done
        for process in "${!running[@]}"; do kill -KILL "$process"; done
        """;

    private static readonly Lock Gate = new();
    private static readonly Lazy<Process> Shell = new(StartShell);

    public static void Started(int processId) => Tell($"started {processId}");

    public static void Ended(int processId) => Tell($"ended {processId}");

    private static void Tell(string line)
    {
        lock (Gate)
        {
            Shell.Value.StandardInput.WriteLine(line);
            Shell.Value.StandardInput.Flush();
        }
    }

    // In a session of its own, so that an interrupt at the terminal leaves it to its work.
    private static Process StartShell() =>
        Process.Start(new ProcessStartInfo("setsid", ["bash", "-c", Script]) { RedirectStandardInput = true })!;
}
