using System.Globalization;
using Coordinator.Lab.Measure;
using Coordinator.Lab.World;
using Coordinator.Testing;

namespace Coordinator.Lab.Experiments.CannotPrepare;

/// <summary>What to run it with.</summary>
internal sealed record CannotPrepareParameters
{
    /// <summary>Orders without a kill, by which each strategy's window is measured.</summary>
    public int Orders { get; init; } = 100;
}

/// <summary>Experiment 5: an order's message has to reach a store that cannot prepare; the process is killed at each step.</summary>
internal sealed class CannotPrepareExperiment(CannotPrepareParameters parameters) : IExperiment
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public string Id => "cannot-prepare";

    public string Title => "A store that cannot prepare";

    public double Weight => 12;

    public async Task<ExperimentResult> RunAsync(Databases databases, LabProgress progress, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("lab-store-").FullName;
        var coordinators = new List<CoordinatorProcess>();
        try
        {
            var sites = new List<Site>();
            var windows = new List<List<double>>();
            foreach (var strategy in Enum.GetValues<Strategy>())
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress.Next($"{Strategies.Name(strategy)}: the window", 2);
                // A participant's name belongs to one database for good, so each strategy's shop has a coordinator of its own.
                coordinators.Add(await CoordinatorProcess.StartAsync());
                sites.Add(new Site(strategy, await Shop.CreateAsync(databases, products: 1), Path.Combine(folder, $"{strategy}.db"), coordinators[^1].Address));
                windows.Add(await MeasureWindowsAsync(sites[^1]));
            }

            // Nothing is timed here, so the strategies' processes may be killed side by side.
            progress.Next("killed at each step", 4);
            var kills = await Task.WhenAll(sites.Select(KillAtEachStepAsync));
            return new CannotPrepareResult(parameters, [.. await Task.WhenAll(sites.Select(async (site, i) =>
                new StrategyResult(site.Strategy, Distribution.Of(windows[i]), kills[i], await SplitAsync(site.Shop))))]);
        }
        finally
        {
            foreach (var coordinator in coordinators)
                await coordinator.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> SplitAsync(Shop shop)
    {
        await using var rest = await Rest.OpenAsync(shop);
        await rest.WhenNothingIsPreparedAsync(Limit);
        return (await shop.CompareAsync()).Split;
    }

    private async Task<List<double>> MeasureWindowsAsync(Site site)
    {
        using var store = new MessageStore(site.Store);
        await using var placing = await StoreWorker.OpenAsync(site.Strategy, site.Shop, store, site.Coordinator);
        var windows = new List<double>();
        for (var i = 0; i < parameters.Orders; i++)
            windows.Add(await placing.PlaceAsync(string.Create(CultureInfo.InvariantCulture, $"calm-{i}"), _ => Task.CompletedTask));
        return windows;
    }

    // The process that is started for the next kill first finishes what the one before left.
    private static async Task<List<KillResult>> KillAtEachStepAsync(Site site)
    {
        using var store = new MessageStore(site.Store);
        var kills = new List<KillResult>();
        (string Step, string Order, Presence AtKill)? last = null;
        foreach (var step in Strategies.Steps(site.Strategy).Append(null))
        {
            var order = $"killed-{step}";
            await using var worker = Start(site, step, order);
            await worker.WaitForLineAsync("recovered", Limit);
            if (last is { } before)
                kills.Add(new KillResult(before.Step, before.AtKill, await LookAsync(site, store, before.Order)));
            if (step is null)
                break;
            await worker.WaitForLineAsync($"at {step}", Limit);
            await worker.KillAsync();
            last = (step, order, await LookAsync(site, store, order));
        }

        return kills;
    }

    private static async Task<Presence> LookAsync(Site site, MessageStore store, string order)
    {
        await using var orders = await site.Shop.OpenOrdersAsync();
        await using var inventory = await site.Shop.OpenInventoryAsync();
        return new Presence(
            await Sql.NumberAsync(orders, "SELECT COUNT(*) FROM orders WHERE id = @p0", order) > 0,
            await Sql.NumberAsync(inventory, "SELECT COUNT(*) FROM reservation WHERE id = @p0", order) > 0,
            store.Copies(order));
    }

    private static ProcessHandle Start(Site site, string? stopAfter, string order) => ProcessHandle.StartDotnet(
        CoordinatorProcess.Program("Coordinator.Lab", "lab"),
        [
            StoreWorker.Command, "--strategy", site.Strategy.ToString(), "--orders", site.Shop.Orders, "--billing", site.Shop.Billing,
            "--inventory", site.Shop.Inventory, "--store", site.Store, "--coordinator", site.Coordinator.ToString(),
            .. stopAfter is null ? (string[])[] : ["--order", order, "--stop-after", stopAfter],
        ]);

    private sealed record Site(Strategy Strategy, Shop Shop, string Store, Uri Coordinator);
}
