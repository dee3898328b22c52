namespace Coordinator.Lab.Experiments.CannotPrepare;

/// <summary>Where an order's message is written, seen from the global transaction.</summary>
internal enum Strategy
{
    /// <summary>Into the store, and then the global transaction.</summary>
    WrittenBefore,

    /// <summary>The global transaction, and then into the store.</summary>
    WrittenAfter,

    /// <summary>Into an outbox table, in the orders branch; a relay takes it to the store after commit.</summary>
    Outbox,

    /// <summary>Both databases prepare; the store commits message and decision in one local transaction; then they commit.</summary>
    LastResource,
}

/// <summary>The strategies' names, and the steps after which a process may die.</summary>
internal static class Strategies
{
    public static IReadOnlyList<string> Steps(Strategy strategy) => strategy switch
    {
        Strategy.WrittenBefore => ["store-written", "committed"],
        Strategy.WrittenAfter => ["committed", "store-written"],
        Strategy.Outbox => ["outbox-written", "committed", "store-written"],
        _ => ["prepared", "decided", "one-committed"],
    };

    public static string Name(Strategy strategy) => strategy switch
    {
        Strategy.WrittenBefore => "written before",
        Strategy.WrittenAfter => "written after",
        Strategy.Outbox => "outbox",
        _ => "last resource",
    };
}

/// <summary>Places orders by one strategy, whose message goes to the store.</summary>
internal interface IMessagingOrders : IAsyncDisposable
{
    /// <summary>Places an order.</summary>
    /// <param name="order">Its id.</param>
    /// <param name="at">Called after each step, with its name.</param>
    /// <returns>How long one side had it and the other had not, in milliseconds.</returns>
    Task<double> PlaceAsync(string order, Func<string, Task> at);

    /// <summary>Finishes what an earlier process left.</summary>
    Task RecoverAsync(Func<string, Task> at);
}
