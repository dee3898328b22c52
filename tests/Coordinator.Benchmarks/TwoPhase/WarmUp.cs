using System.Diagnostics;
using System.Runtime;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>
/// What comes before anything counts. .NET compiles a method again while it is used, more than once and on a thread of its
/// own, which on two processors took up to half of what was to be measured: the cases work in turns until that is over.
/// </summary>
internal static class WarmUp
{
    private const double QuietShare = 0.02;
    private const int QuietTurns = 3;
    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(1);

    /// <param name="crews">All of them, since what one compiles disturbs the others.</param>
    /// <param name="options">How many transactions each does at least, and how long the compiler is waited for at most.</param>
    public static async Task RunAsync(IReadOnlyList<Crew> crews, BenchmarkOptions options)
    {
        var step = options.SliceLength < LongestStep ? options.SliceLength : LongestStep;
        var started = Stopwatch.GetTimestamp();
        var quietTurns = 0;
        bool isDone;
        do
        {
            var turn = Stopwatch.GetTimestamp();
            var compiled = JitInfo.GetCompilationTime();
            foreach (var crew in crews)
                await crew.RunAsync(options.Workers.Max(), step);
            var isQuiet = (JitInfo.GetCompilationTime() - compiled) / Stopwatch.GetElapsedTime(turn) < QuietShare;
            quietTurns = isQuiet ? quietTurns + 1 : 0;
            isDone = crews.All(crew => crew.Committed >= options.WarmUpTransactions);
        }
        while ((!isDone || quietTurns < QuietTurns) && Stopwatch.GetElapsedTime(started) < options.WarmUpLimit);
    }
}
