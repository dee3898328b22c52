using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Coordinator.Simulation;

/// <summary>
/// Every crash point of one small transaction: each process and each database is killed before each of its steps, from the
/// first start to rest; and, in pairs, one more is killed at each step that follows. Twice each: what the dead process had
/// asked of a database is done, and is lost.
/// </summary>
internal sealed class CrashPoints(int branches, bool isInitiated, bool inPairs, ulong seed, int threads)
{
    private const int MaxTold = 3;
    private readonly ConcurrentBag<(CrashPoint[] Points, bool IsInFlightDone, string Violation)> _violations = [];
    private long _runs;
    private long _unreached;

    public int Run()
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var isInFlightDone in (bool[])[true, false])
        {
            var undisturbed = RunOne([], isInFlightDone);
            var singles = Following(undisturbed, new Dictionary<string, int>()).ToList();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{branches} branches{(isInitiated ? " of an initiator" : "")}, what was in flight is {(isInFlightDone ? "done" : "lost")}: {singles.Count} crash points ({string.Join(", ", undisturbed.Steps.Where(pair => IsVictim(pair.Key)).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}"))})"));
            ForAll(singles, single => Disturb(single, isInFlightDone));
        }

        Tell(Stopwatch.GetElapsedTime(started));
        return _violations.IsEmpty ? 0 : 1;
    }

    private void Disturb(CrashPoint single, bool isInFlightDone)
    {
        var plan = RunOne([single], isInFlightDone);
        if (!inPairs)
            return;
        foreach (var second in Following(plan, plan.StepsAtLastCrash))
            RunOne([single, second], isInFlightDone);
    }

    private CrashPlan RunOne(CrashPoint[] points, bool isInFlightDone)
    {
        var plan = new CrashPlan(points, isInFlightDone);
        var violation = new World(Setup.Small(branches, isInitiated, seed, plan), withTranscript: false).Run();
        Interlocked.Increment(ref _runs);
        if (violation is not null)
            _violations.Add((points, isInFlightDone, violation));
        else if (plan.Reached < points.Length)
            Interlocked.Increment(ref _unreached);
        return plan;
    }

    private static IEnumerable<CrashPoint> Following(CrashPlan plan, IReadOnlyDictionary<string, int> taken) =>
        from victim in plan.Steps
        where IsVictim(victim.Key)
        orderby victim.Key
        from step in Enumerable.Range(1, victim.Value)
        where step > taken.GetValueOrDefault(victim.Key)
        select new CrashPoint(victim.Key, step);

    private static bool IsVictim(string label) => label != "operator";

    private void ForAll(List<CrashPoint> points, Action<CrashPoint> act)
    {
        var next = -1;
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            while (Interlocked.Increment(ref next) is var index && index < points.Count)
            {
                act(points[index]);
                if (!Console.IsOutputRedirected)
                    Console.Write(string.Create(CultureInfo.InvariantCulture, $"\r{index + 1} of {points.Count} crash points, {Interlocked.Read(ref _runs)} runs, {_violations.Count} violations "));
            }
        })).ToList();
        workers.ForEach(worker => worker.Start());
        workers.ForEach(worker => worker.Join());
        if (!Console.IsOutputRedirected)
            Console.WriteLine();
    }

    private void Tell(TimeSpan elapsed)
    {
        foreach (var (points, isInFlightDone, violation) in _violations.Take(MaxTold))
        {
            var world = new World(Setup.Small(branches, isInitiated, seed, new CrashPlan(points, isInFlightDone)), withTranscript: true);
            world.Run();
            foreach (var line in world.Transcript.Lines)
                Console.WriteLine(line);
            Console.WriteLine($"killed: {string.Join(", then ", points)}; what was in flight is {(isInFlightDone ? "done" : "lost")}: {violation}");
        }

        // A second point may not come any more once the first crash has changed what follows; a first one always comes.
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{_runs} runs in {elapsed.TotalSeconds:F1} s on {threads} threads; points that never came: {_unreached}"));
        Console.WriteLine($"crash points: branches={branches} initiated={isInitiated} runs={_runs} violations={_violations.Count}");
    }
}
