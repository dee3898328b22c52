using Coordinator.Engine;
using Coordinator.Participant;
using Coordinator.Simulation.Checks;
using Coordinator.Simulation.Databases;
using Coordinator.Simulation.Nodes;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation;

/// <summary>
/// One schedule: a coordinator, two or three databases with one or two participant processes each, and some clients that
/// move money. First everything goes wrong that the seed has drawn; then the world heals, and must come to rest.
/// </summary>
internal sealed class World
{
    public const int Accounts = 4;

    private static readonly TimeSpan _faultyTime = TimeSpan.FromSeconds(40), _healingTime = TimeSpan.FromMinutes(15);
    private readonly List<ParticipantNode> _participants = [];
    private readonly List<ClientNode> _clients = [];
    private readonly Chaos _chaos;
    private int _processes;

    public World(ulong seed, bool withTranscript)
    {
        Random = new SeededRandom(seed * 0x9E3779B97F4A7C15 + 1);
        Scheduler = new Scheduler(Random.Split());
        Network = Random.Split();
        Transcript = new Transcript(Scheduler, withTranscript);
        Oracle = new Oracle(Transcript);
        Drawn = Faults = Faults.Draw(Random.Split());
        ClocksAreOff = Faults.MaxClockSkew > TimeSpan.Zero;
        EngineOptions = DrawOptions(Random.Split());
        Coordinator = new CoordinatorNode(this);
        Build(Random.Split());
        _chaos = new Chaos(this, Random.Split());
    }

    public SeededRandom Random { get; }

    public SeededRandom Network { get; }

    public Scheduler Scheduler { get; }

    public Transcript Transcript { get; }

    public Oracle Oracle { get; }

    /// <summary>What goes wrong now.</summary>
    public Faults Faults { get; private set; }

    /// <summary>What goes wrong before the world heals.</summary>
    public Faults Drawn { get; }

    public EngineOptions EngineOptions { get; }

    public ParticipantOptions ParticipantOptions { get; } = new()
    {
        EnlistTimeout = TimeSpan.FromSeconds(2),
        EndWorkGrace = TimeSpan.FromSeconds(1),
        ResourcePollInterval = TimeSpan.FromSeconds(2),
        SweepInterval = TimeSpan.FromSeconds(5),
    };

    /// <summary>Clocks on the wall that are off trim too early, never wrongly.</summary>
    public bool ClocksAreOff { get; }

    public CoordinatorNode Coordinator { get; }

    public List<SimulatedServer> Servers { get; } = [];

    public IReadOnlyList<ParticipantNode> Participants => _participants;

    public IReadOnlyList<ClientNode> Clients => _clients;

    /// <summary>Runs it to its end.</summary>
    /// <returns>What was violated first; null if nothing was.</returns>
    public string? Run()
    {
        Coordinator.Start();
        foreach (var participant in _participants)
            participant.Start();
        foreach (var client in _clients)
            client.Start();
        Scheduler.BeforeStep = _chaos.BeforeStep;
        Oracle.AtPoint = _chaos.AtPoint;
        Scheduler.RunUntil(() => Oracle.Violation is not null || _clients.All(client => client.IsDone), _faultyTime, maxSteps: 20_000);
        if (Oracle.Violation is not null)
            return Oracle.Violation;

        Scheduler.BeforeStep = null;
        Oracle.AtPoint = null;
        Faults = Faults.None;
        Oracle.Note("the world heals");
        var healer = new Healer(this);
        healer.Start();
        var isAtRest = Scheduler.RunUntil(() => Oracle.Violation is not null || (Scheduler.Steps % 64 == 0 && healer.IsAtRest()), _healingTime, maxSteps: 300_000);
        if (Oracle.Violation is null && !isAtRest)
            Oracle.Violate("the world doesn't come to rest: " + healer.WhyNotAtRest());
        if (Oracle.Violation is null)
            new FinalChecks(this).Run();
        return Oracle.Violation;
    }

    public SimulatedProcess NewProcess(string name) => new(
        Scheduler, ++_processes, name,
        Random.Between(TimeSpan.Zero, Faults.MaxClockSkew),
        (process, exception) => Oracle.Violate($"{process} broke: {exception}"));

    public TimeSpan Delay() => Network.Between(TimeSpan.FromMicroseconds(50), Faults.MaxDelay);

    /// <summary>All participants in an order of its own.</summary>
    public IEnumerable<ParticipantNode> Shuffled(SeededRandom random) =>
        _participants.Select(node => (Order: random.NextRandom(), node)).OrderBy(pair => pair.Order).Select(pair => pair.node);

    private static EngineOptions DrawOptions(SeededRandom random) => new()
    {
        DefaultTimeout = TimeSpan.FromSeconds(random.Chance(0.2) ? 2 : 10),
        CommandTimeout = TimeSpan.FromSeconds(2),
        DeliveryWait = TimeSpan.FromSeconds(1),
        OnePhaseGrace = TimeSpan.FromSeconds(5),
        ScanInterval = TimeSpan.FromSeconds(random.Chance(0.5) ? 2 : 10),
        MaxRetryDelay = TimeSpan.FromSeconds(2),
        Retention = random.Chance(0.3) ? TimeSpan.FromSeconds(5) : TimeSpan.FromDays(7),
        TrimInterval = TimeSpan.FromSeconds(5),
        MaxMemoryBytes = long.MaxValue,
    };

    private void Build(SeededRandom random)
    {
        ResourceKind[] kinds = [ResourceKind.Postgres, ResourceKind.MariaDb, ResourceKind.MySql];
        var databases = random.Chance(0.6) ? 2 : 3;
        for (var i = 0; i < databases; i++)
        {
            var server = new SimulatedServer($"db{i + 1}", random.Pick(kinds), Accounts, random.Split(), Oracle, () => Faults);
            server.Strangers.AddRange(Strangers.Of(server.Name, random));
            Servers.Add(server);
            for (var instance = random.Chance(0.7) ? 1 : 2; instance > 0; instance--)
                _participants.Add(new ParticipantNode(this, server, server.Name));
        }

        for (var i = 1 + random.Below(3); i > 0; i--)
            _clients.Add(new ClientNode(this, i, 1 + random.Below(4)));
    }
}
