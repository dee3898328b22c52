using Coordinator.Contracts.V1;

namespace Coordinator.Client.Calls;

/// <summary>Turns outcomes that are not a commit into the exception that says what may be done about them.</summary>
internal static class Outcomes
{
    /// <summary>True for an outcome that asking again does not change.</summary>
    public static bool IsFinal(Outcome outcome) => outcome
        is Outcome.Committed or Outcome.Aborted or Outcome.Unknown or Outcome.HeuristicMixed or Outcome.HeuristicHazard;

    /// <summary>The exception for an outcome other than Committed.</summary>
    public static TransactionException ToException(
        TransactionId id, Outcome outcome, string reasonCode, string reason, IReadOnlyList<BranchDescription> branches) =>
        outcome switch
        {
            Outcome.Aborted => new TransactionAbortedException(
                id, reasonCode, $"Transaction {id} was aborted: {Or(reason, "no reason was given")}."),
            Outcome.Unknown => Unknown(id, reasonCode, reason),
            Outcome.HeuristicMixed => new TransactionHeuristicException(
                id,
                outcome,
                reasonCode,
                $"Some branches of transaction {id} ended otherwise than decided: {Or(reason, "see its branches")}. "
                + "An operator has to settle it.",
                branches),
            Outcome.HeuristicHazard => new TransactionHeuristicException(
                id,
                outcome,
                reasonCode,
                $"How some branches of transaction {id} ended cannot be told: {Or(reason, "see its branches")}. "
                + "An operator has to settle it.",
                branches),
            // An outcome of a newer coordinator, too: what cannot be read is not known.
            _ => InDoubt(id, reasonCode, Or(reason, "the coordinator does not know yet")),
        };

    public static TransactionInDoubtException InDoubt(
        TransactionId id, string reasonCode, string reason, Exception? inner = null) =>
        new(
            id,
            reasonCode,
            $"The outcome of transaction {id} is not known: {Trim(reason)}. It may be committed, or yet be. Ask again with "
            + "CommitAsync on the same object or with GetAsync; do not do its work again before the outcome is known.",
            inner);

    public static TransactionUnknownException Unknown(
        TransactionId id, string reasonCode, string reason, Exception? inner = null) =>
        new(
            id,
            reasonCode,
            $"The outcome of transaction {id} cannot be told any more: {Or(reason, "no record of it remains")}. That "
            + "proves neither commit nor abort, and asking again does not help: look at the data.",
            inner);

    private static string Or(string text, string otherwise) => text.Length == 0 ? otherwise : Trim(text);

    private static string Trim(string text) => text.TrimEnd('.', ' ');
}
