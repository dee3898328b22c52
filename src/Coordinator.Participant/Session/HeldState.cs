namespace Coordinator.Participant.Session;

/// <summary>How a branch stands in the process that did its work.</summary>
internal enum HeldState
{
    /// <summary>Being enlisted and begun; no work has returned yet.</summary>
    Opening,

    /// <summary>At work.</summary>
    Active,

    /// <summary>Prepare was sent to the database and has not been answered.</summary>
    Voting,

    /// <summary>Voted yes: only the coordinator ends it (R8).</summary>
    Prepared,

    /// <summary>Prepare got no answer. No yes was given, so the branch may only be rolled back.</summary>
    PrepareUnknown,

    /// <summary>A commit without prepare was sent and has not been answered.</summary>
    CommittingOnePhase,

    /// <summary>The commit without prepare got no answer: in doubt until proven (R13).</summary>
    OnePhaseUnknown,

    /// <summary>Never prepared, and never will be: to be rolled back.</summary>
    Doomed,

    /// <summary>Finished, or handed over to the database alone.</summary>
    Over,
}

/// <summary>The legal steps from one state to the next.</summary>
internal static class HeldStates
{
    /// <summary>True for states in which the participant may, and in the end must, end the branch by itself (R8).</summary>
    public static bool IsUnprepared(this HeldState state) => state is HeldState.Opening or HeldState.Active;

    public static bool CanBecome(this HeldState from, HeldState to) => (from, to) switch
    {
        (HeldState.Opening, HeldState.Active or HeldState.Doomed) => true,
        (HeldState.Active, HeldState.Voting or HeldState.CommittingOnePhase or HeldState.Doomed) => true,
        (HeldState.Voting, HeldState.Prepared or HeldState.PrepareUnknown) => true,
        (HeldState.CommittingOnePhase, HeldState.OnePhaseUnknown) => true,
        (HeldState.Over, _) => false,
        (_, HeldState.Over) => true,
        _ => false,
    };
}
