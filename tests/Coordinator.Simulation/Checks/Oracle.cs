using System.Runtime.CompilerServices;
using Coordinator.Engine;
using Coordinator.Simulation.Databases;
using BranchState = Coordinator.Simulation.Databases.BranchState;

namespace Coordinator.Simulation.Checks;

/// <summary>
/// Knows everything, and checks at each moment what must never be broken: no branch commits beside one that rolled back, no
/// commit is sent before its decision is durable (R1), a decision never changes (R2), what a client was told is what happened.
/// </summary>
internal sealed class Oracle(Transcript transcript)
{
    private readonly Dictionary<TransactionId, Known> _known = [];

    public bool IsTranscriptWanted => transcript.IsWanted;

    /// <summary>The first violation; null while there is none.</summary>
    public string? Violation { get; private set; }

    public Tally Tally { get; } = new();

    /// <summary>Called where a crash is worth more than elsewhere: a prepare, a decision, a branch's end.</summary>
    public Action? AtPoint { get; set; }

    public IEnumerable<Known> All => _known.Values;

    public void Note(string what) => transcript.Add(what);

    /// <summary>Formats nothing unless the transcript is wanted.</summary>
    public void Note([InterpolatedStringHandlerArgument("")] ref NoteHandler what)
    {
        if (transcript.IsWanted)
            transcript.Add(what.ToText());
    }

    public void Violate(string what)
    {
        Violation ??= what;
        transcript.Add("VIOLATION: " + what);
    }

    public Known Of(TransactionId id) => _known.TryGetValue(id, out var known) ? known : _known[id] = new Known(id);

    public void Begun(SimulatedServer server, BranchId id) => Of(id.Transaction).Branches.Add((server, server.Find(id)!));

    public void Prepared(SimulatedServer server, BranchId id)
    {
        Note($"{server.Name}: {id.Branch} of {Name(id.Transaction)} is prepared");
        AtPoint?.Invoke();
    }

    /// <summary>The log made it durable, whether anybody was told so or not.</summary>
    public void Decided(DecisionRecord decision)
    {
        var known = Of(decision.Transaction);
        if (known.Decision is { } before && before != decision.Decision)
            Violate($"{Name(known.Id)}: the decision changed from {before} to {decision.Decision} (R2)");
        if (known.Decision is null)
        {
            Note($"log: {decision.Decision} of {Name(known.Id)} is durable");
            Tally.Count($"decisions: {decision.Decision}");
            AtPoint?.Invoke();
        }

        known.Decision = decision.Decision;
        known.Decided = decision.Branches.Select(branch => branch.Branch).ToHashSet();
        CheckGivenUp(known);
    }

    /// <summary>The coordinator says that all branches are finished, and that the decision need not be told again (R5).</summary>
    public void Ended(EndRecord end)
    {
        var known = Of(end.Transaction);
        // Those that the decision names: an operator's may not know of all.
        if (known.Decision == Decision.Commit
            && known.Branches.Find(pair => known.Decided.Contains(pair.Branch.Id.Branch) && IsUncommitted(pair)) is { Branch: { } left } untold)
            Violate($"{Name(known.Id)}: its end is recorded, and {left.Id.Branch} at {untold.Server.Name} has never committed (R5)");
    }

    public void CommitCommanded(SimulatedServer server, BranchId id)
    {
        if (Of(id.Transaction).Decision != Decision.Commit)
            Violate($"{server.Name}: {Name(id.Transaction)} is told to commit, and no commit decision was ever durable (R1)");
    }

    public void RollbackCommanded(SimulatedServer server, BranchId id)
    {
        if (Of(id.Transaction).Decision == Decision.Commit && server.Find(id) is { State: BranchState.Prepared })
            Violate($"{server.Name}: {Name(id.Transaction)} is decided commit, and its prepared branch is rolled back");
    }

    public void Committed(SimulatedServer server, ServerBranch branch)
    {
        var known = Of(branch.Id.Transaction);
        Tally.Count(branch.WasPrepared ? "branches committed in two phases" : "branches committed in one phase");
        Note($"{server.Name}: {Name(known.Id)} committed");
        AtPoint?.Invoke();
        if (known.ToldAborted)
            Violate($"{server.Name}: {Name(known.Id)} commits, and its client was told that it aborted");
        if (known.Branches.Find(other => other.Branch.State == BranchState.RolledBack) is { Branch: { } rolledBack } split)
            Violate($"SPLIT: {Name(known.Id)} commits at {server.Name}, and {rolledBack.Id.Branch} has rolled back at {split.Server.Name}");
    }

    public void RolledBack(SimulatedServer server, ServerBranch branch)
    {
        var known = Of(branch.Id.Transaction);
        Tally.Count(branch.WasPrepared ? "prepared branches rolled back" : "working branches rolled back");
        Note($"{server.Name}: {Name(known.Id)} rolled back");
        if (known.Branches.Find(other => other.Branch.State == BranchState.Committed) is { Branch: { } committed } split)
            Violate($"SPLIT: {Name(known.Id)} rolls back at {server.Name}, and {committed.Id.Branch} has committed at {split.Server.Name}");
        if (known.ToldCommitted)
            Violate($"{server.Name}: {Name(known.Id)} rolls back, and its client was told that it committed");
    }

    /// <summary>Who asked heard how a transaction ended.</summary>
    public void Told(TransactionId id, Outcome outcome, string who = "clients")
    {
        var known = Of(id);
        Note($"{who}: {Name(id)} is {outcome}");
        Tally.Count($"{who} told {outcome}");
        known.ToldCommitted |= outcome == Outcome.Committed;
        known.ToldAborted |= outcome == Outcome.Aborted;
        if (known.ToldCommitted && known.ToldAborted)
            Violate($"{Name(id)}: its client was told both that it committed and that it aborted");
        if (outcome == Outcome.Committed && known.Branches.Find(other => other.Branch.State == BranchState.RolledBack) is { Branch: not null } rolledBack)
            Violate($"{Name(id)}: its client is told that it committed, and it has rolled back at {rolledBack.Server.Name}");
        if (outcome == Outcome.Aborted && known.Branches.Find(other => other.Branch.State == BranchState.Committed) is { Branch: not null } committed)
            Violate($"{Name(id)}: its client is told that it aborted, and it has committed at {committed.Server.Name}");
        if (outcome is Outcome.HeuristicMixed or Outcome.HeuristicHazard)
            Violate($"{Name(id)}: its client is told {outcome}, and nobody did anything by hand");
        if (outcome == Outcome.Unknown)
            known.ToldUnknown = true;
    }

    /// <summary>Somebody heard that no decision can commit it any more, whatever its initiator does (R3).</summary>
    public void GivenUp(TransactionId id)
    {
        var known = Of(id);
        Note($"{Name(id)} is given up");
        Tally.Count("initiators' transactions given up");
        known.IsGivenUp = true;
        CheckGivenUp(known);
    }

    private void CheckGivenUp(Known known)
    {
        if (known is { IsGivenUp: true, Decision: Decision.Commit })
            Violate($"{Name(known.Id)}: it was given up, and is decided commit (R3)");
    }

    /// <summary>An initiator heard that all branches have committed.</summary>
    public void ToldDelivered(TransactionId id)
    {
        if (Of(id).Branches.Find(IsUncommitted) is { Branch: { } left } untold)
            Violate($"{Name(id)}: its initiator is told that all have committed, and {left.Id.Branch} at {untold.Server.Name} never has");
    }

    private static bool IsUncommitted((SimulatedServer Server, ServerBranch Branch) pair) =>
        pair.Branch is { HasCommitted: false, State: not (BranchState.ReadOnly or BranchState.RolledBack) };

    public static string Name(TransactionId id) => $"{id.Epoch.Number}-{id.Sequence}";

    /// <summary>What is true of a transaction.</summary>
    internal sealed class Known(TransactionId id)
    {
        public TransactionId Id { get; } = id;

        public Decision? Decision { get; set; }

        /// <summary>The branches that the decision names.</summary>
        public IReadOnlySet<BranchName> Decided { get; set; } = new HashSet<BranchName>();

        public bool ToldCommitted { get; set; }

        public bool ToldAborted { get; set; }

        public bool ToldUnknown { get; set; }

        public bool IsGivenUp { get; set; }

        public List<(SimulatedServer Server, ServerBranch Branch)> Branches { get; } = [];
    }
}
