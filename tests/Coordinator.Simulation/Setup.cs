using Coordinator.Engine;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation;

/// <summary>What a schedule starts from: who takes part, what goes wrong, and which numbers are drawn on the way.</summary>
internal sealed record Setup
{
    /// <summary>Draws everything that this doesn't fix.</summary>
    public required ulong Seed { get; init; }

    /// <summary>What goes wrong until the world heals.</summary>
    public required Faults Faults { get; init; }

    public required EngineOptions Engine { get; init; }

    /// <summary>The databases, each with this many participant processes.</summary>
    public required IReadOnlyList<(ResourceKind Kind, int Instances)> Databases { get; init; }

    /// <summary>How many transfers each client makes.</summary>
    public required IReadOnlyList<int> Clients { get; init; }

    /// <summary>True: each client moves money from the first database to the last, over all, and commits.</summary>
    public bool IsPlain { get; init; }

    /// <summary>Kills at counted points; null where chance kills.</summary>
    public CrashPlan? Crashes { get; init; }

    /// <summary>A world of its own for each seed.</summary>
    public static Setup Draw(ulong seed)
    {
        var random = new SeededRandom(seed ^ 0x5DEECE66D);
        ResourceKind[] kinds = [ResourceKind.Postgres, ResourceKind.MariaDb, ResourceKind.MySql];
        return new Setup
        {
            Seed = seed,
            Faults = Faults.Draw(random.Split()),
            Engine = Options(
                timeout: TimeSpan.FromSeconds(random.Chance(0.2) ? 2 : 10),
                scans: TimeSpan.FromSeconds(random.Chance(0.5) ? 2 : 10),
                retention: random.Chance(0.3) ? TimeSpan.FromSeconds(5) : TimeSpan.FromDays(7)),
            Databases = [.. Enumerable.Range(0, random.Chance(0.6) ? 2 : 3).Select(_ => (random.Pick(kinds), random.Chance(0.7) ? 1 : 2))],
            Clients = [.. Enumerable.Range(0, 1 + random.Below(3)).Select(_ => 1 + random.Below(4))],
        };
    }

    /// <summary>One client, one transfer, one branch in each database, and nothing wrong but what the plan kills.</summary>
    public static Setup Small(int branches, ulong seed, CrashPlan crashes) => new()
    {
        Seed = seed,
        Faults = Faults.None,
        Engine = Options(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2), TimeSpan.FromDays(7)),
        Databases = [.. new[] { ResourceKind.Postgres, ResourceKind.MariaDb, ResourceKind.MySql }.Take(branches).Select(kind => (kind, 1))],
        Clients = [1],
        IsPlain = true,
        Crashes = crashes,
    };

    private static EngineOptions Options(TimeSpan timeout, TimeSpan scans, TimeSpan retention) => new()
    {
        DefaultTimeout = timeout,
        CommandTimeout = TimeSpan.FromSeconds(2),
        DeliveryWait = TimeSpan.FromSeconds(1),
        OnePhaseGrace = TimeSpan.FromSeconds(5),
        ScanInterval = scans,
        MaxRetryDelay = TimeSpan.FromSeconds(2),
        Retention = retention,
        TrimInterval = TimeSpan.FromSeconds(5),
        MaxMemoryBytes = long.MaxValue,
    };
}
