using System.CommandLine;
using System.Globalization;
using Coordinator.Lab.Measure;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;
using Coordinator.Saga;

namespace Coordinator.Lab.Experiments.CoordinatorKilled;

/// <summary>A saga's driver as a process, to be killed: takes up what its log holds, then runs orders until it is told to stop.</summary>
internal static class SagaWorker
{
    public const string Command = "saga-worker";

    public static Command Create(TextWriter output)
    {
        var orders = new Option<string>("--orders") { Required = true };
        var inventory = new Option<string>("--inventory") { Required = true };
        var log = new Option<string>("--log") { Required = true };
        var clients = new Option<int>("--clients");
        var seed = new Option<int>("--seed");
        var run = new Option<int>("--run");
        var drill = new Option<double?>("--drill-after") { Description = "Seconds; none: no drill." };
        var command = new Command(Command, "Drives sagas until it is told to stop; part of coordinator-killed.") { orders, inventory, log, clients, seed, run, drill };
        command.Hidden = true;
        command.SetAction(async (parsed, stop) =>
        {
            var shop = Shop.Of(parsed.GetValue(orders)!, billing: "", parsed.GetValue(inventory)!);
            await using var sagas = SqliteSagaLog.Open(parsed.GetValue(log)!);
            await RunAsync(shop, sagas, parsed.GetValue(clients), parsed.GetValue(seed), parsed.GetValue(run), parsed.GetValue(drill), output, stop);
            return 0;
        });
        return command;
    }

    private static async Task RunAsync(
        Shop shop, SqliteSagaLog log, int clients, int seed, int run, double? drill, TextWriter output, CancellationToken stop)
    {
        var driver = new SagaDriver(log, [SagaOrders.Definition], SagaOrders.Steps(shop, new LockClock(), new LockClock()), new SagaOptions { AtPoint = StopDrillAsync });
        await output.WriteLineAsync("serving");
        await driver.ResumeAsync(stop);
        if (drill is { } after)
            _ = RunDrillAsync(TimeSpan.FromSeconds(after));
        var number = 0;
        await Load.RunUntilAsync(
            clients,
            seed,
            async (_, random, _) =>
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"saga-{run}-{Interlocked.Increment(ref number)}");
                var order = Order.Draw(id, random, Observation.OrderedProducts, Observation.FirstOrdered);
                await driver.RunAsync(SagaOrders.Definition.Name, id, order.ToString(), CancellationToken.None);
            },
            stop);

        async Task RunDrillAsync(TimeSpan after)
        {
            await Task.Delay(after, stop);
            await driver.RunAsync(SagaOrders.Definition.Name, "drill", new Order("drill", 1, null).ToString(), stop);
        }

        // Between the two steps, for ever: to be killed there.
        async Task StopDrillAsync(SagaPoint point)
        {
            if (drill is null || point is not { Saga: "drill", Index: 1 })
                return;
            await output.WriteLineAsync("drill reached");
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        }
    }
}
