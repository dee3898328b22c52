namespace Coordinator.Participant.Session;

/// <summary>
/// From a transaction's first work to a branch at work:
/// 1. The branch takes its place in the table, or is refused before slots and sessions run out.
/// 2. It is enlisted, and the coordinator's acknowledgement awaited (R14).
/// 3. Only then its session begins, so that no work exists that the coordinator does not know.
/// 4. Its deadline is watched, on the monotonic clock (R8).
/// Concurrent first uses share one run of these steps; later ones only wait for their turn.
/// </summary>
internal sealed class Opening(SessionContext context, Finishing finishing, int maxOpenBranches, int maxSessions)
{
    // Timers take no more.
    private static readonly TimeSpan _longestWait = TimeSpan.FromDays(40);

    private bool _draining;

    /// <summary>Begins no branch any more; open ones go on.</summary>
    public void Drain()
    {
        lock (context.Table.Sync)
            _draining = true;
    }

    public async Task<BranchWork> EnlistAsync(
        ParticipantSession owner, TransactionId transaction, BranchOptions options, IEnlistment enlistment, CancellationToken cancellationToken)
    {
        var (branch, isFirst) = TakePlace(context.Table.OwnBranch(transaction));
        // The opening goes on if this caller leaves: others may wait for it, and the deadline ends it if none does.
        if (isFirst)
            _ = OpenAsync(branch, options, enlistment);
        await branch.Opened.Task.OnCallersScheduler().WaitAsync(cancellationToken);
        await branch.Gate.EnterForWorkAsync(cancellationToken);
        return new BranchWork(owner, branch, await CheckAsync(owner, branch), isFirst);
    }

    // Step 1.
    private (HeldBranch Branch, bool IsFirst) TakePlace(BranchId id)
    {
        lock (context.Table.Sync)
        {
            if (context.Table.Find(id) is { } held)
                return held.State.IsUnprepared() ? (held, false) : throw Refusals.Doomed(held);
            if (context.Table.FindAnswer(id) is not null)
                throw Refusals.Over();
            if (_draining)
                throw Refusals.Draining();
            if (context.Table.Count >= maxOpenBranches)
                throw Refusals.Overloaded(maxOpenBranches);
            // MariaDB finishes a branch on the session that prepared it.
            if (context.Table.Count >= maxSessions
                && context.Table.CountInSessions(preparedToo: context.Resources.Kind == ResourceKind.MariaDb) >= maxSessions)
                throw Refusals.Overloaded(maxSessions);
            var branch = new HeldBranch(id, context.Table.Sync, context.Time);
            context.Table.Add(branch);
            return (branch, true);
        }
    }

    private async Task OpenAsync(HeldBranch branch, BranchOptions options, IEnlistment enlistment)
    {
        try
        {
            if (await TryEnlistAsync(branch, enlistment))
                await BeginAsync(branch, options);
        }
        finally
        {
            // A rollback that overtook the opening, and gave up waiting for it, left the session to whoever is inside.
            await context.LeaveAsync(branch);
        }
    }

    // Step 2.
    private async Task<bool> TryEnlistAsync(HeldBranch branch, IEnlistment enlistment)
    {
        try
        {
            var remaining = await enlistment.EnlistAsync(branch.Id, branch.Ending);
            // A moment too late at most: counted from the answer's arrival.
            var seconds = Math.Min(remaining.TotalSeconds, _longestWait.TotalSeconds);
            branch.Deadline = context.Time.GetTimestamp() + (long)(seconds * context.Time.TimestampFrequency);
            return true;
        }
        catch (Exception failure) when (failure is EnlistmentRefusedException || SessionContext.IsNoAnswer(failure))
        {
            // No work was done and nothing begun, so a later try may enlist the same branch; unless it was doomed
            // meanwhile, in which case whoever doomed it finishes it.
            lock (context.Table.Sync)
            {
                if (branch.State == HeldState.Opening)
                    context.Table.Forget(branch);
            }

            branch.Opened.TrySetException(failure is OperationCanceledException
                ? new ParticipantUnavailableException("Enlisting was given up.", failure)
                : failure);
            return false;
        }
        catch (Exception failure)
        {
            // Not swallowed: it is what the callers get.
            Abandon(branch, failure, "enlisting failed");
            return false;
        }
    }

    // Step 3.
    private async Task BeginAsync(HeldBranch branch, BranchOptions options)
    {
        IBranchSession session;
        try
        {
            session = await context.Resources.BeginAsync(branch.Id, options, branch.Ending);
        }
        catch (ResourceRefusedException refusal)
        {
            Abandon(branch, Refusals.ResourceRefused(refusal.Message), "the database takes no branches");
            return;
        }
        catch (Exception failure)
        {
            // Not swallowed: it is what the callers get. The coordinator counts on the branch, and a session may have
            // begun without our hearing of it, so the branch's id is never used again.
            Abandon(branch, AsUnavailable(failure), "its session could not be begun");
            return;
        }

        StartWork(branch, session);
    }

    // Step 4.
    private void StartWork(HeldBranch branch, IBranchSession session)
    {
        lock (context.Table.Sync)
        {
            branch.Session = session;
            // A rollback overtook the opening, and has told those that wait.
            if (branch.State != HeldState.Opening)
                return;
            branch.MoveTo(HeldState.Active);
        }

        branch.Opened.TrySetResult();
        branch.WatchDeadline(
            Remaining(branch), () => finishing.EndUnprepared(branch, Reasons.DeadlinePassed, "The transaction's deadline passed."));
    }

    private async Task<IBranchSession> CheckAsync(ParticipantSession owner, HeldBranch branch)
    {
        // A timer may be late where a process was stopped for a while; the clock is not.
        if (Remaining(branch) == TimeSpan.Zero)
            finishing.EndUnprepared(branch, Reasons.DeadlinePassed, "The transaction's deadline passed.");
        EnlistmentRefusedException refusal;
        lock (context.Table.Sync)
        {
            if (branch is { State: HeldState.Active, Session: { PoisonReason: null } session })
                return session;
            refusal = branch is { State: HeldState.Active, Session.PoisonReason: { } reason }
                ? Refusals.Poisoned(reason)
                : Refusals.Doomed(branch);
        }

        await owner.EndWorkAsync(branch);
        throw refusal;
    }

    private TimeSpan Remaining(HeldBranch branch)
    {
        var left = context.Time.GetElapsedTime(context.Time.GetTimestamp(), branch.Deadline ?? 0);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Abandon(HeldBranch branch, Exception failure, string reason)
    {
        context.Table.Finish(branch, new Vote.No($"The branch did not come to work: {reason}."), report: null);
        branch.Opened.TrySetException(failure);
        branch.Settle();
    }

    private static Exception AsUnavailable(Exception failure) => SessionContext.IsNoAnswer(failure)
        ? new ParticipantUnavailableException($"The branch's session could not be begun: {failure.Message}", failure)
        : failure;
}
