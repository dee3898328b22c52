namespace Coordinator.Engine.Tests;

/// <summary>The transition table, edge by edge, and what races do to it.</summary>
public class TransactionStatesTests
{
    private static readonly (TransactionState From, TransactionState To)[] Legal =
    [
        (TransactionState.Active, TransactionState.Preparing),
        (TransactionState.Active, TransactionState.CommittingOnePhase),
        (TransactionState.Active, TransactionState.Committed),
        (TransactionState.Active, TransactionState.Aborting),
        (TransactionState.Preparing, TransactionState.Deciding),
        (TransactionState.Preparing, TransactionState.Committed),
        (TransactionState.Preparing, TransactionState.Aborting),
        (TransactionState.Deciding, TransactionState.Committing),
        (TransactionState.Deciding, TransactionState.Aborting),
        (TransactionState.Deciding, TransactionState.InDoubt),
        (TransactionState.CommittingOnePhase, TransactionState.Committed),
        (TransactionState.CommittingOnePhase, TransactionState.Aborted),
        (TransactionState.CommittingOnePhase, TransactionState.InDoubt),
        (TransactionState.InDoubt, TransactionState.Committing),
        (TransactionState.InDoubt, TransactionState.Aborting),
        (TransactionState.InDoubt, TransactionState.Committed),
        (TransactionState.InDoubt, TransactionState.Aborted),
        (TransactionState.Committing, TransactionState.Committed),
        (TransactionState.Aborting, TransactionState.Aborted),
    ];

    [Fact]
    public void CanMove_EveryPair_IsAsListed()
    {
        foreach (var from in Enum.GetValues<TransactionState>())
        {
            foreach (var to in Enum.GetValues<TransactionState>())
                Assert.Equal(Legal.Contains((from, to)), TransactionStates.CanMove(from, to));
        }
    }

    [Fact]
    public void IsOver_OnlyCommittedAndAborted() => Assert.Equal(
        [TransactionState.Committed, TransactionState.Aborted],
        Enum.GetValues<TransactionState>().Where(TransactionStates.IsOver));
}
