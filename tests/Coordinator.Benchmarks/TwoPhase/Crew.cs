using System.Diagnostics;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>The workers of one case, with rows of their own each, and how many transactions they have committed.</summary>
internal sealed class Crew : IAsyncDisposable
{
    private static readonly TimeSpan WarmUpLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WarmUpStep = TimeSpan.FromMilliseconds(200);

    private readonly ICase _case;
    private readonly IReadOnlyList<MeasuredProcess> _processes;
    private readonly List<IWorker> _workers = [];
    private readonly List<Func<Task>> _steps = [];
    private long _committed;

    private Crew(ICase @case, ServerPair servers) => (_case, _processes) = (@case, [.. servers.Processes, .. @case.Processes]);

    public string Name => _case.Name;

    public static async Task<Crew> OpenAsync(ICase @case, ServerPair servers, int workers)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, OrderDatabase.MaxWorkers);
        var crew = new Crew(@case, servers);
        for (var number = 0; number < workers; number++)
        {
            var worker = await @case.OpenWorkerAsync();
            crew._workers.Add(worker);
            crew._steps.Add(Step(worker, number * OrderDatabase.ProductsPerWorker));
        }

        return crew;
    }

    /// <summary>Lets some of the workers work for a time.</summary>
    public async Task<Slice> RunAsync(int workers, TimeSpan length)
    {
        var slice = await Slice.MeasureAsync(_steps[..workers], length, _processes, _case.ReadLog);
        _committed += slice.Transactions;
        return slice;
    }

    /// <summary>Lets some of the workers work until so many transactions are done, or a minute is over.</summary>
    public async Task WarmUpAsync(int workers, int transactions)
    {
        for (var started = Stopwatch.GetTimestamp(); _committed < transactions && Stopwatch.GetElapsedTime(started) < WarmUpLimit;)
            await RunAsync(workers, WarmUpStep);
    }

    public Task CheckAsync() => WholeCheck.TotalsAsync(Name, _case.Databases, _committed);

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            await worker.DisposeAsync();
    }

    private static Func<Task> Step(IWorker worker, int firstProduct)
    {
        var next = 0;
        return () => worker.TransactAsync(firstProduct + (next++ % OrderDatabase.ProductsPerWorker));
    }
}
