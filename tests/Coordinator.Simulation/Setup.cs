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

    /// <summary>The databases, each with this many participant processes of their own.</summary>
    public required IReadOnlyList<(ResourceKind Kind, int Instances)> Databases { get; init; }

    /// <summary>How many transfers each client makes.</summary>
    public required IReadOnlyList<int> Clients { get; init; }

    /// <summary>Applications that host all participants: how many transfers at once, and in all.</summary>
    public IReadOnlyList<(int Workers, int Transfers)> Applications { get; init; } = [];

    /// <summary>True: each client and application moves money from the first database to the last, over all, and commits.</summary>
    public bool IsPlain { get; init; }

    /// <summary>Kills at counted points; null where chance kills.</summary>
    public CrashPlan? Crashes { get; init; }

    /// <summary>A world of its own for each seed.</summary>
    public static Setup Draw(ulong seed)
    {
        var random = new SeededRandom(seed ^ 0x5DEECE66D);
        ResourceKind[] kinds = [ResourceKind.Postgres, ResourceKind.MariaDb, ResourceKind.MySql];
        // Some worlds have clients alone, some applications alone, some both.
        var (hasClients, hasApplications) = random.Pick([(true, false), (true, false), (false, true), (true, true)]);
        var hasHosts = hasClients || random.Chance(0.5);
        return new Setup
        {
            Seed = seed,
            Faults = Faults.Draw(random.Split()),
            Engine = Options(
                timeout: TimeSpan.FromSeconds(random.Chance(0.2) ? 2 : 10),
                scans: TimeSpan.FromSeconds(random.Chance(0.5) ? 2 : 10),
                retention: random.Chance(0.3) ? TimeSpan.FromSeconds(5) : TimeSpan.FromDays(7)),
            Databases = [.. Enumerable.Range(0, random.Chance(0.6) ? 2 : 3).Select(_ => (random.Pick(kinds), !hasHosts ? 0 : random.Chance(0.7) ? 1 : 2))],
            Clients = [.. Enumerable.Range(0, hasClients ? 1 + random.Below(3) : 0).Select(_ => 1 + random.Below(4))],
            Applications = [.. Enumerable.Range(0, hasApplications ? 1 + random.Below(2) : 0).Select(_ => (1 + random.Below(3), 1 + random.Below(6)))],
        };
    }

    /// <summary>One client or application, one transfer, one branch in each database, and nothing wrong but what the plan kills.</summary>
    public static Setup Small(int branches, bool isInitiated, ulong seed, CrashPlan crashes) => new()
    {
        Seed = seed,
        Faults = Faults.None,
        Engine = Options(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2), TimeSpan.FromDays(7)),
        Databases = [.. new[] { ResourceKind.Postgres, ResourceKind.MariaDb, ResourceKind.MySql }.Take(branches).Select(kind => (kind, isInitiated ? 0 : 1))],
        Clients = isInitiated ? [] : [1],
        Applications = isInitiated ? [(1, 1)] : [],
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
