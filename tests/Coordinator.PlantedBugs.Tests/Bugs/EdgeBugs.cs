namespace Coordinator.PlantedBugs.Tests.Bugs;

/// <summary>Bugs of ids, of the server's edge and of the client.</summary>
public sealed class EdgeBugs : IBugList
{
    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("id-without-its-random-part")
        {
            What = "Ids can be guessed: any MySQL login may finish any XID that it can name.",
            Like = "databases.md",
            File = "src/Coordinator.Abstractions/TransactionId.cs",
            Old = "{sequence}-{random:x16}\");",
            New = "{sequence}-{random & 0:x16}\");",
            CaughtBy = [new Suite("Coordinator.Abstractions.Tests", "IdTests")],
        },
        new("enlistment-in-anothers-name")
        {
            What = "A participant enlists a branch of another one, which then commits without having worked.",
            Like = "faults.md: participants that lie",
            File = "src/Coordinator.Server/Attach/AttachSession.cs",
            Old = "if (branch.Participant != Participant.Name || branch.Instance != Participant.Instance)",
            New = "if (branch.Participant.Length == 0)",
            CaughtBy = [new Suite("Coordinator.Server.Tests", "AttachTests.Enlist")],
        },
        new("in-doubt-told-as-aborted")
        {
            What = "A client whose commit got no answer throws 'aborted', and the application does its work again.",
            Like = "R13",
            File = "src/Coordinator.Client/Calls/CommitCall.cs",
            Old = "            throw InDoubt(result, cancellationToken);",
            New = "            throw Outcomes.ToException(id, Outcome.Aborted, \"\", \"no answer\", []);",
            CaughtBy = [new Suite("Coordinator.Client.Tests", "CommitTests")],
        },
    ];
}
