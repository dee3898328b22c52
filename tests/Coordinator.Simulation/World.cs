using Coordinator.Initiation;
using Coordinator.Participant;
using Coordinator.Server;
using Coordinator.Simulation.Checks;
using Coordinator.Simulation.Databases;
using Coordinator.Simulation.Nodes;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation;

/// <summary>
/// One schedule: a coordinator, two or three databases with one or two participant processes each, and some clients
/// and applications that move money. First everything goes wrong that the seed has drawn; then the world heals, and must come to rest.
/// </summary>
internal sealed class World
{
    public const int Accounts = 4;

    private static readonly TimeSpan _faultyTime = TimeSpan.FromSeconds(40), _healingTime = TimeSpan.FromMinutes(15);
    private readonly List<ParticipantNode> _participants = [];
    private readonly List<ClientNode> _clients = [];
    private readonly List<InitiatorNode> _applications = [];
    private readonly Chaos _chaos;
    private int _processes;

    public World(Setup setup, bool withTranscript)
    {
        Setup = setup;
        Random = new SeededRandom(setup.Seed * 0x9E3779B97F4A7C15 + 1);
        Scheduler = new Scheduler(Random.Split());
        Network = Random.Split();
        Transcript = new Transcript(Scheduler, withTranscript);
        Oracle = new Oracle(Transcript);
        Faults = setup.Faults;
        Coordinator = new CoordinatorNode(this);
        Build(Random.Split());
        _chaos = new Chaos(this, Random.Split());
    }

    public Setup Setup { get; }

    public SeededRandom Random { get; }

    public SeededRandom Network { get; }

    public Scheduler Scheduler { get; }

    public Transcript Transcript { get; }

    public Oracle Oracle { get; }

    /// <summary>What goes wrong now.</summary>
    public Faults Faults { get; private set; }

    public ParticipantOptions ParticipantOptions { get; } = new()
    {
        EnlistTimeout = TimeSpan.FromSeconds(2),
        EndWorkGrace = TimeSpan.FromSeconds(1),
        ResourcePollInterval = TimeSpan.FromSeconds(2),
        SweepInterval = TimeSpan.FromSeconds(5),
    };

    public ServerOptions ServerOptions { get; } = new() { KeepAliveInterval = TimeSpan.FromSeconds(3) };

    public InitiatorOptions InitiatorOptions { get; } = new()
    {
        Name = "application",
        OpenTimeout = TimeSpan.FromSeconds(3),
        PrepareTimeout = TimeSpan.FromSeconds(3),
        ReservedIds = 2,
        ReservedIdLifetime = TimeSpan.FromSeconds(2),
        MaxRetryDelay = TimeSpan.FromSeconds(1),
    };

    public CoordinatorNode Coordinator { get; }

    public List<SimulatedServer> Servers { get; } = [];

    public IReadOnlyList<ParticipantNode> Participants => _participants;

    public IReadOnlyList<ClientNode> Clients => _clients;

    public IReadOnlyList<InitiatorNode> Applications => _applications;

    /// <summary>Runs it to its end.</summary>
    /// <returns>What was violated first; null if nothing was.</returns>
    public string? Run()
    {
        using var coordinator = Coordinator;
        Coordinator.Start();
        foreach (var participant in _participants.Except(_applications.SelectMany(application => application.Participants)))
            participant.Start();
        foreach (var client in _clients)
            client.Start();
        foreach (var application in _applications)
            application.Start();
        Scheduler.BeforeStep = _chaos.BeforeStep;
        Scheduler.Stepping = _chaos.Stepping;
        Oracle.AtPoint = _chaos.AtPoint;
        Scheduler.RunUntil(() => Oracle.Violation is not null || IsWorkDone, _faultyTime, maxSteps: 20_000);
        if (Oracle.Violation is not null)
            return Oracle.Violation;

        Scheduler.BeforeStep = null;
        if (Setup.Crashes is null)
            Scheduler.Stepping = null;
        Oracle.AtPoint = null;
        Faults = Faults.None;
        Oracle.Note("the world heals");
        var healer = new Healer(this);
        healer.Start();
        var isAtRest = Scheduler.RunUntil(() => Oracle.Violation is not null || (Scheduler.Steps % CheckInterval == 0 && healer.IsAtRest()), _healingTime, maxSteps: 300_000);
        if (Oracle.Violation is null && !isAtRest)
            Oracle.Violate("the world doesn't come to rest: " + healer.WhyNotAtRest());
        Scheduler.Stepping = null;
        if (Oracle.Violation is null)
            new FinalChecks(this).Run();
        return Oracle.Violation;
    }

    public SimulatedProcess NewProcess(string label, int start = 1) => new(
        Scheduler, ++_processes, start == 1 ? label : $"{label} ({start})",
        Random.Between(TimeSpan.Zero, Setup.Faults.MaxClockSkew),
        (process, exception) => Oracle.Violate($"{process} broke: {exception}"))
    {
        Label = label,
    };

    /// <summary>A database is about to do something, or has just done it.</summary>
    public void Stepping(SimulatedServer server)
    {
        if (Scheduler.Stepping is not null)
            _chaos.Stepping(server);
    }

    private bool IsWorkDone => _clients.All(client => client.IsDone) && _applications.All(application => application.IsDone);

    // In a small world the look is cheap, and steps taken at rest would only be more points to crash at.
    private int CheckInterval => Setup.IsPlain ? 8 : 64;

    public TimeSpan Delay() => Network.Between(TimeSpan.FromMicroseconds(50), Faults.MaxDelay);

    private void Build(SeededRandom random)
    {
        foreach (var (kind, instances) in Setup.Databases)
        {
            var server = new SimulatedServer($"db{Servers.Count + 1}", kind, Accounts, random.Split(), Oracle, () => Faults);
            if (!Setup.IsPlain)
                server.Strangers.AddRange(Strangers.Of(server.Name, random));
            Servers.Add(server);
            for (var instance = 0; instance < instances; instance++)
                _participants.Add(new ParticipantNode(this, server, instances > 1 ? $"{server.Name}{(char)('a' + instance)}" : server.Name));
        }

        foreach (var transfers in Setup.Clients)
            _clients.Add(new ClientNode(this, _clients.Count + 1, transfers));
        foreach (var (workers, transfers) in Setup.Applications)
        {
            var application = new InitiatorNode(this, _applications.Count + 1, workers, transfers);
            _applications.Add(application);
            _participants.AddRange(application.Participants);
        }
    }
}
