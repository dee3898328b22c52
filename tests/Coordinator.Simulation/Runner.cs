using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Coordinator.Simulation.Checks;
using Spectre.Console;

namespace Coordinator.Simulation;

/// <summary>Runs schedules on some threads, shows how far it is, and tells of violations so that they can be replayed.</summary>
internal sealed class Runner(ulong first, long count, int threads, bool withTranscript) : IDisposable
{
    private const int MaxTold = 3;
    private readonly Lock _gate = new();
    private readonly List<(ulong Seed, string Violation)> _violations = [];
    private long _next;
    private long _done;
    private long _steps;
    private readonly Tally _tally = new();
    private readonly CountdownEvent _over = new(threads);
    private ulong _digest;

    public int Run()
    {
        var started = Stopwatch.GetTimestamp();
        if (withTranscript)
            PrintTranscript(first);
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(Work)).ToList();
        workers.ForEach(worker => worker.Start());
        ShowProgress(started);
        workers.ForEach(worker => worker.Join());
        Tell(Stopwatch.GetElapsedTime(started));
        return _violations.Count == 0 ? 0 : 1;
    }

    public void Dispose() => _over.Dispose();

    private void Work()
    {
        while (Interlocked.Increment(ref _next) is var number && number <= count)
        {
            var seed = first + (ulong)number - 1;
            var world = new World(Setup.Draw(seed), withTranscript: false);
            var violation = Run(world);
            lock (_gate)
            {
                _steps += world.Scheduler.Steps;
                // A sum, since the threads finish in any order.
                _tally.Add(world.Oracle.Tally);
                _digest += world.Scheduler.Digest;
                if (violation is not null)
                    _violations.Add((seed, violation));
            }

            Interlocked.Increment(ref _done);
        }

        _over.Signal();
    }

    // The edge of a thread: a defect of the simulator itself must name its seed too.
    private static string? Run(World world)
    {
        try
        {
            return world.Run();
        }
        catch (Exception exception)
        {
            return "the simulator broke: " + exception;
        }
    }

    private void ShowProgress(long started)
    {
        if (Console.IsOutputRedirected)
            return;
        AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var bar = context.AddTask("schedules", maxValue: count);
                while (Interlocked.Read(ref _done) is var done && done < count)
                {
                    bar.Value = done;
                    bar.Description = string.Create(CultureInfo.InvariantCulture, $"{done / Stopwatch.GetElapsedTime(started).TotalSeconds:F0} schedules/s, {_violations.Count} violations");
                    _over.Wait(TimeSpan.FromMilliseconds(100));
                }

                bar.Value = count;
            });
    }

    private void Tell(TimeSpan elapsed)
    {
        foreach (var (seed, violation) in _violations.OrderBy(found => found.Seed).Take(MaxTold))
        {
            PrintTranscript(seed);
            Console.WriteLine($"seed {seed}, commit {Commit()}: {violation}");
            Console.WriteLine($"replay: dotnet run -c Release --project tests/Coordinator.Simulation -- --seeds 1 --first {seed} --transcript");
        }

        if (_violations.Count > MaxTold)
            Console.WriteLine($"and seeds {string.Join(' ', _violations.Select(found => found.Seed).Order().Skip(MaxTold).Take(50))}");
        PrintTally();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seeds {first} to {first + (ulong)count - 1}: {_steps} steps in {elapsed.TotalSeconds:F1} s, {count / elapsed.TotalSeconds:F0} schedules/s on {threads} threads, digest {_digest:x16}"));
        Console.WriteLine($"simulation: schedules={count} violations={_violations.Count}");
    }

    private void PrintTally()
    {
        Console.WriteLine("What the schedules met:");
        foreach (var (what, times) in _tally.Counts)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {times,12}  {what}"));
    }

    private static void PrintTranscript(ulong seed)
    {
        var world = new World(Setup.Draw(seed), withTranscript: true);
        Run(world);
        Console.WriteLine($"== seed {seed}: {world.Setup.Faults}");
        foreach (var line in world.Transcript.Lines)
            Console.WriteLine(line);
    }

    private static string Commit() =>
        typeof(Runner).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+').Last() ?? "unknown";
}
