using System.CommandLine;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments.CannotPrepare;

/// <summary>One application process: finishes what an earlier one left, then places an order and stops after a step, to be killed there.</summary>
internal static class StoreWorker
{
    public const string Command = "store-worker";

    public static Command Create(TextWriter output)
    {
        var strategy = new Option<Strategy>("--strategy") { Required = true };
        var orders = new Option<string>("--orders") { Required = true };
        var billing = new Option<string>("--billing") { Required = true };
        var inventory = new Option<string>("--inventory") { Required = true };
        var store = new Option<string>("--store") { Required = true };
        var coordinator = new Option<string>("--coordinator") { Required = true };
        var order = new Option<string?>("--order");
        var stopAfter = new Option<string?>("--stop-after");
        var command = new Command(Command, "Places one order; part of cannot-prepare.") { strategy, orders, billing, inventory, store, coordinator, order, stopAfter };
        command.Hidden = true;
        command.SetAction(async (parsed, stop) =>
        {
            using var messages = new MessageStore(parsed.GetValue(store)!);
            var shop = Shop.Of(parsed.GetValue(orders)!, parsed.GetValue(billing)!, parsed.GetValue(inventory)!);
            await using var placing = await OpenAsync(parsed.GetValue(strategy), shop, messages, new Uri(parsed.GetValue(coordinator)!));
            await placing.RecoverAsync(_ => Task.CompletedTask);
            await output.WriteLineAsync("recovered");
            if (parsed.GetValue(order) is { } id)
                await placing.PlaceAsync(id, StopThereAsync);
            return 0;

            async Task StopThereAsync(string step)
            {
                if (step != parsed.GetValue(stopAfter))
                    return;
                await output.WriteLineAsync($"at {step}");
                await Task.Delay(Timeout.Infinite, stop);
            }
        });
        return command;
    }

    public static async Task<IMessagingOrders> OpenAsync(Strategy strategy, Shop shop, MessageStore store, Uri coordinator) =>
        strategy == Strategy.LastResource
            ? await LastResourceOrders.StartAsync(shop, store)
            : await CoordinatedOrders.StartAsync(strategy, shop, store, coordinator);
}
