using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>
/// Transactions whose initiators prepare their own branches:
/// <list type="number">
/// <item>Reserve ids: live from here on, though nothing is known of them but whose they are (R3).</item>
/// <item>The initiator works, prepares, and hands over the votes. From here on it is a transaction like any other.</item>
/// <item>Whoever asks for it otherwise (an operator, a rollback, a second initiator) makes its commit impossible first.</item>
/// </list>
/// A crash of the initiator before 2 leaves prepared branches without a decision; fencing it makes them so for ever, and the
/// scan that follows rolls them back. A crash after 2 is like one of any participant.
/// </summary>
internal sealed class Initiating(
    InitiatorTable initiators,
    TransactionTable table,
    ParticipantRegistry registry,
    Beginning beginning,
    Admission admission,
    Inquiry inquiry,
    Attachments attachments,
    EngineOptions options,
    EngineMetrics metrics,
    TimeProvider time,
    ILogger logger,
    Action<GlobalTransaction, InitiatedDelivery> drive)
{
    /// <exception cref="RefusedException">The name is malformed, draining, or a limit is reached.</exception>
    public Initiator Open(string name)
    {
        Limits.CheckText(name, 100, "name");
        if (admission.IsDraining)
            throw Admission.Draining();
        var initiator = new Initiator(name, this);
        initiators.Add(initiator);
        Log.InitiatorOpened(logger, name);
        return initiator;
    }

    public IReadOnlyList<TransactionId> Reserve(Initiator initiator, int count)
    {
        if (count < 1 || initiator.ReservedCount + (long)count > options.MaxReservedIds)
        {
            throw new RefusedException(
                RefusalKind.ResourceExhausted, Reasons.Overloaded,
                $"{count} ids are asked for and {initiator.ReservedCount} are reserved; at least 1 and at most {options.MaxReservedIds} at once, the limit {nameof(EngineOptions.MaxReservedIds)}.");
        }

        admission.Check();
        var ids = beginning.TakeIds(count);
        initiator.Add(ids);
        return ids;
    }

    public async Task<TransactionView> DecideAsync(
        Initiator initiator, TransactionId id, string name, IReadOnlyList<DecidedBranch> prepared)
    {
        Check(name, prepared);
        inquiry.CheckCluster(id);
        if (initiator.IsReserved(id) && WhyNot(prepared) is { } refusal)
            TryAbandon(id, refusal.ReasonCode, refusal.Reason);
        if (TryTakeOver(initiator, id, name, prepared) is { } taken)
        {
            drive(taken, NewDelivery(initiator, taken));
            var decided = await OnceDecidedAsync(taken);
            // Of an abort nothing is told, and nothing acknowledged.
            if (decided.Outcome == Outcome.Aborted)
                initiator.Acknowledge(id, []);
            return decided;
        }

        return table.TryGetLive(id, out var live) ? await OnceDecidedAsync(live) : await OfLateAsync(id, prepared);
    }

    /// <summary>Makes a commit decision for a reserved id impossible (R3); false if it is not reserved.</summary>
    public bool TryAbandon(TransactionId id, string reasonCode, string reason)
    {
        if (initiators.FindHolder(id) is not { } holder
            || !holder.TrySettle(id, () => table.RememberAbandoned(id, reasonCode, reason)))
        {
            return false;
        }

        Log.Abandoned(logger, id, holder.Name, reason);
        attachments.StartScans();
        return true;
    }

    public void Remove(Initiator initiator)
    {
        initiators.Remove(initiator);
        Log.InitiatorFenced(logger, initiator.Name);
        // What it left prepared and undecided holds locks until a scan finds it.
        attachments.StartScans();
    }

    private GlobalTransaction? TryTakeOver(
        Initiator initiator, TransactionId id, string name, IReadOnlyList<DecidedBranch> prepared)
    {
        GlobalTransaction? taken = null;
        initiator.TrySettle(id, () => table.Add(taken = NewVoted(id, name, prepared)));
        if (taken is not null)
            metrics.BegunOne();
        return taken;
    }

    private GlobalTransaction NewVoted(TransactionId id, string name, IReadOnlyList<DecidedBranch> prepared)
    {
        var transaction = new GlobalTransaction(id, name, idempotencyKey: null, time.GetUtcNow(), TransactionState.Deciding);
        foreach (var branch in prepared)
        {
            registry.TryGet(branch.Branch.Participant, out var entry);
            transaction.AddDecided(branch, BranchState.Prepared, entry);
        }

        return transaction;
    }

    private static async Task<TransactionView> OnceDecidedAsync(GlobalTransaction transaction)
    {
        await transaction.WhenDecided.OnCallersScheduler();
        return transaction.ToView();
    }

    private static InitiatedDelivery NewDelivery(Initiator initiator, GlobalTransaction transaction)
    {
        var delivery = new InitiatedDelivery([.. transaction.Branches.Select(branch => branch.Id.Branch)]);
        initiator.Expect(transaction.Id, delivery);
        return delivery;
    }

    // Not this initiator's, or not any more: its connection was lost, or it asks again. Its branches voted, so the absence of
    // a decision proves abort, once there can be none (R13).
    private Task<TransactionView> OfLateAsync(TransactionId id, IReadOnlyList<DecidedBranch> prepared)
    {
        TryAbandon(id, Reasons.ParticipantUnavailable, "Its initiator's connection was lost before it asked for the commit.");
        return inquiry.OfVotedAsync(id, prepared);
    }

    private Refusal? WhyNot(IReadOnlyList<DecidedBranch> prepared)
    {
        if (admission.WhyNothingIsDecided is { } failure)
            return new Refusal(Reasons.LogUnavailable, failure);
        var unknown = prepared.FirstOrDefault(branch => !registry.IsRegistered(branch.Branch.Participant));
        return unknown is null
            ? null
            : new Refusal(Reasons.ParticipantNotFound, $"No participant {unknown.Branch.Participant} is registered, so nobody could finish its branch.");
    }

    private void Check(string name, IReadOnlyList<DecidedBranch> prepared)
    {
        Limits.CheckText(name, 100, "name");
        if (prepared.Count < 1 || prepared.Count > options.MaxBranchesPerTransaction)
            throw Malformed($"{prepared.Count} branches voted; at least 1 and at most {options.MaxBranchesPerTransaction} can.");
        if (prepared.Select(branch => branch.Branch).Distinct().Count() != prepared.Count)
            throw Malformed("A branch votes twice.");
        foreach (var branch in prepared)
            Limits.CheckText(branch.Evidence ?? "", 256, "evidence");
    }

    private static RefusedException Malformed(string message) => new(RefusalKind.InvalidArgument, Reasons.Malformed, message);
}
