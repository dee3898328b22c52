using Coordinator.Testing;

namespace Coordinator.Torture.Kills;

/// <summary>The part of the system that a kind of kill is about, for <c>--only</c>.</summary>
internal enum Group
{
    Coordinator,
    Participant,
    Client,
    Database,
}

/// <summary>A kind of kill.</summary>
/// <param name="Name">As in <c>--kinds</c> and in the table.</param>
/// <param name="Group">What it is about.</param>
/// <param name="Weight">Strikes among those of a run of 100 kills.</param>
/// <param name="Kills">Processes or servers that one strike kills.</param>
/// <param name="Database">The only database that it strikes at; null: none, or each in turn.</param>
/// <param name="About">For people.</param>
internal sealed record KillKind(string Name, Group Group, int Weight, int Kills, DatabaseKind? Database, string About)
{
    public static readonly KillKind CoordinatorRandom = new("coordinator-random", Group.Coordinator, 22, 1, null, "the coordinator, at a random moment");
    public static readonly KillKind CoordinatorPrepared = new("coordinator-prepared", Group.Coordinator, 8, 1, null, "the coordinator, with all branches prepared and nothing decided");
    public static readonly KillKind CoordinatorDecided = new("coordinator-decided", Group.Coordinator, 8, 1, null, "the coordinator, with the decision durable and nobody told");
    public static readonly KillKind ParticipantPrepared = new("participant-prepared", Group.Participant, 3, 2, null, "a participant whose branch is prepared, and the coordinator after it");
    public static readonly KillKind ParticipantWithCoordinator = new("participant+coordinator", Group.Participant, 3, 2, null, "a participant and the coordinator at once");
    public static readonly KillKind DatabaseWithCoordinator = new("database+coordinator", Group.Database, 6, 2, null, "a database server and the coordinator at once");
    public static readonly KillKind Client = new("client", Group.Client, 5, 1, null, "a client process, at a random moment");

    /// <summary>All of them, in the order of the table.</summary>
    public static readonly IReadOnlyList<KillKind> All =
    [
        CoordinatorRandom, CoordinatorPrepared, CoordinatorDecided,
        .. Enum.GetValues<DatabaseKind>().Select(kind => new KillKind(
            $"participant-{Bank.Name(kind)}", Group.Participant, 3, 1, kind, $"{kind}'s participant, at a random moment")),
        ParticipantPrepared, ParticipantWithCoordinator,
        .. Enum.GetValues<DatabaseKind>().Select(kind => new KillKind(
            $"database-{Bank.Name(kind)}", Group.Database, 8, 1, kind, $"{kind}'s server with all its processes, at a random moment")),
        DatabaseWithCoordinator, Client,
    ];

    /// <summary>True if it strikes at the coordinator too.</summary>
    public bool NeedsCoordinator => Group == Group.Coordinator || Kills == 2;
}
