using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>The workers of one case, with rows of their own each, and how many transactions they have committed.</summary>
internal sealed class Crew : IAsyncDisposable
{
    private readonly IReadOnlyList<MeasuredProcess> _processes;
    private readonly Func<Task<LogCounts>>? _readLog;
    private readonly List<IWorker> _workers = [];
    private readonly List<Func<Task>> _steps = [];

    private Crew(string name, IReadOnlyList<MeasuredProcess> processes, Func<Task<LogCounts>>? readLog) =>
        (Name, _processes, _readLog) = (name, processes, readLog);

    public string Name { get; }

    /// <summary>So far, the warming up included.</summary>
    public long Committed { get; private set; }

    /// <param name="name">Of the case.</param>
    /// <param name="processes">Whose processor time it costs.</param>
    /// <param name="readLog">Reads what its coordinator's log has done; null without one.</param>
    /// <param name="open">Makes one worker.</param>
    /// <param name="workers">How many.</param>
    public static async Task<Crew> OpenAsync(
        string name, IReadOnlyList<MeasuredProcess> processes, Func<Task<LogCounts>>? readLog, Func<Task<IWorker>> open, int workers)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, OrderDatabase.MaxWorkers);
        var crew = new Crew(name, processes, readLog);
        for (var number = 0; number < workers; number++)
        {
            var worker = await open();
            crew._workers.Add(worker);
            crew._steps.Add(Step(worker, number * OrderDatabase.ProductsPerWorker));
        }

        return crew;
    }

    /// <summary>Lets some of the workers work for a time.</summary>
    public async Task<Slice> RunAsync(int workers, TimeSpan length)
    {
        var slice = await Slice.MeasureAsync(_steps[..workers], length, _processes, _readLog);
        Committed += slice.Transactions;
        return slice;
    }

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
