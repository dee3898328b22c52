using System.Diagnostics;
using Coordinator.Lab.Measure;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments.CoordinatorKilled;

/// <summary>
/// The bystanders of an outage: local updates of the drill's row and of rows that no order touches, and a sampler of what
/// is held and who waits. Row 1 is the drill's, rows 2 to 20 are the orders', rows 21 to 40 nobody else's.
/// </summary>
internal sealed class Observation : IAsyncDisposable
{
    public const int Products = 40, FirstOrdered = 2, OrderedProducts = 19;

    /// <summary>Seconds that a rate is counted over.</summary>
    public const double Bucket = 0.5;

    private const int FirstUntouched = 21, SameRowClients = 2;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan SamplePause = TimeSpan.FromMilliseconds(100);

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly CancellationTokenSource _stop = new();
    private readonly Shop _shop;
    private readonly Func<Rest, Task<int>> _held;
    private readonly Task<LoadResult> _otherRows, _sameRow;
    private readonly Task _sampling;
    private readonly List<Sample> _holdings = [], _waiting = [];

    /// <param name="shop">Of <see cref="Products"/> products.</param>
    /// <param name="held">Counts what a crash leaves behind.</param>
    /// <param name="seed">Of the rows that are drawn.</param>
    public Observation(Shop shop, Func<Rest, Task<int>> held, int seed)
    {
        (_shop, _held) = (shop, held);
        _otherRows = UpdateAsync(1, seed, random => FirstUntouched + random.Next(Products - FirstUntouched + 1));
        _sameRow = UpdateAsync(SameRowClients, seed + 1, _ => 1);
        _sampling = Task.Run(SampleAsync);
    }

    /// <summary>Ends all work at the observation's end.</summary>
    public CancellationToken Stopping => _stop.Token;

    public double Now => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    /// <summary>The rows of the drill and of the orders that stay locked, for people: a bystander's own lock is gone at the next look.</summary>
    public static async Task<string> LockedRowsAsync(Rest rest)
    {
        var (postgres, mariaDb) = await rest.LockedRowsAsync(FirstUntouched - 1);
        for (var look = 0; look < 4; look++)
        {
            await Task.Delay(SamplePause);
            var (again, alsoAgain) = await rest.LockedRowsAsync(FirstUntouched - 1);
            (postgres, mariaDb) = ([.. postgres.Intersect(again)], [.. mariaDb.Intersect(alsoAgain)]);
        }

        return postgres.Count + mariaDb.Count == 0 ? "none" : $"PostgreSQL {string.Join(", ", postgres)}; MariaDB {string.Join(", ", mariaDb)}";
    }

    /// <summary>Waits until a time of the observation.</summary>
    public async Task UntilAsync(double second, CancellationToken cancellationToken)
    {
        if (second > Now)
            await Task.Delay(TimeSpan.FromSeconds(second - Now), cancellationToken);
    }

    /// <summary>Stops the bystanders and tells what they saw.</summary>
    public async Task<(LoadResult OtherRows, LoadResult SameRow, IReadOnlyList<Sample> Held, IReadOnlyList<Sample> Waiting)> EndAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
        return (await _otherRows, await _sameRow, _holdings, _waiting);
    }

    /// <summary>Successes a second, by buckets.</summary>
    public IReadOnlyList<Sample> Rate(LoadResult load, double until) => Rate(
        load.Attempts.Where(attempt => attempt.End == AttemptEnd.Done).Select(attempt => Stopwatch.GetElapsedTime(_started, attempt.Ended).TotalSeconds), until);

    public static IReadOnlyList<Sample> Rate(IEnumerable<double> moments, double until)
    {
        var counts = new int[Math.Max(1, (int)(until / Bucket))];
        foreach (var at in moments)
        {
            if (at >= 0 && at / Bucket < counts.Length)
                counts[(int)(at / Bucket)]++;
        }

        return [.. counts.Select((count, i) => new Sample(i * Bucket, count / Bucket))];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_otherRows, _sameRow, _sampling).ContinueWith(static _ => { }, TaskScheduler.Default);
        _stop.Dispose();
    }

    private Task<LoadResult> UpdateAsync(int clients, int seed, Func<Random, int> row) => Load.RunUntilAsync(
        clients,
        seed,
        async (_, random, stop) =>
        {
            await Task.Delay(Pause, stop);
            await using var session = await _shop.OpenOrdersAsync(stop);
            await Sql.ExecuteAsync(session, "SET lock_timeout = '1s'");
            await Sql.ExecuteAsync(session, "UPDATE sales SET sold = sold WHERE product = @p0", row(random));
        },
        _stop.Token);

    private async Task SampleAsync()
    {
        await using var rest = await Rest.OpenAsync(_shop);
        while (!_stop.IsCancellationRequested)
        {
            var at = Now;
            _holdings.Add(new Sample(at, await _held(rest)));
            _waiting.Add(new Sample(at, await rest.WaitingAsync()));
            await Task.Delay(SamplePause);
        }
    }
}
