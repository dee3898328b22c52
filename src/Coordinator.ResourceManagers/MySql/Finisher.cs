using System.Data.Common;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// Finishes branches from sessions that did not prepare them. On MariaDB an OK to XA COMMIT is not believed there: a
/// session that is being detached at that moment leaves the branch <em>hidden</em>: prepared in InnoDB, its locks held,
/// absent from XA RECOVER until the server restarts. Only the witness row is proof.
/// </summary>
internal sealed class Finisher(Sessions sessions, Flavor flavor)
{
    private readonly MySqlOptions _options = sessions.Options;

    /// <summary>1. The preparing session is gone (MariaDB). 2. XA COMMIT. 3. The proof.</summary>
    public async Task<BranchReport> CommitAsync(Session session, BranchId branch, string? evidenceText, CancellationToken cancellationToken)
    {
        var evidence = Evidence.TryParse(evidenceText, out var parsed) ? parsed : null;
        if (flavor.IsMariaDb
            && await SessionEnd.EndAsync(session, branch, evidence, flavor, sessions, cancellationToken)
                is { Answer: not Answer.Done } living)
        {
            return living.StillPrepared();
        }

        var verdict = await TryAsync(session, Xid.Commit(branch), cancellationToken);
        if (verdict.Answer == Answer.Done && !flavor.IsMariaDb)
            return BranchReport.Committed;
        if (verdict.Answer == Answer.Refused && !verdict.IsUnknownBranch)
            return verdict.StillPrepared();
        return await FindOutcomeAsync(session, branch, evidence, verdict.Detail, cancellationToken);
    }

    /// <summary>
    /// 1. Its session is ended, so that no late prepare can follow. 2. XA ROLLBACK. 3. The fence, which is the proof.
    /// </summary>
    public async Task<BranchReport> RollbackAsync(Session session, BranchId branch, string? evidenceText, CancellationToken cancellationToken)
    {
        var evidence = Evidence.TryParse(evidenceText, out var parsed) ? parsed : null;
        // MySQL detaches at prepare: what is listed needs no waiting, and its answer is believed.
        if (!flavor.IsMariaDb && (await TryAsync(session, Xid.Rollback(branch), cancellationToken)).Answer == Answer.Done)
            return BranchReport.RolledBack;
        if (await SessionEnd.EndAsync(session, branch, evidence, flavor, sessions, cancellationToken)
            is { Answer: not Answer.Done } living)
        {
            return new BranchReport(BranchOutcome.Active, living.Detail, living.NeedsOperator);
        }

        var verdict = await TryAsync(session, Xid.Rollback(branch), cancellationToken);
        if (verdict.Answer == Answer.Refused && !verdict.IsUnknownBranch)
            return verdict.StillPrepared();
        if (!HasWitness(evidence))
            return await WithoutWitnessAsync(session, branch, evidence, verdict, cancellationToken);
        var state = await Witness.FenceAsync(session, branch, _options.Phase2Timeout, cancellationToken);
        return await ReportAsync(session, branch, evidence, state, verdict.Detail, cancellationToken);
    }

    /// <summary>The witness row and XA RECOVER, and nothing else; changes nothing.</summary>
    public async Task<BranchReport> FindOutcomeAsync(
        Session session, BranchId branch, Evidence? evidence, string? detail, CancellationToken cancellationToken)
    {
        if (await PreparedScanReader.IsListedAsync(session, branch, flavor, _options.Phase2Timeout, cancellationToken))
            return new BranchReport(BranchOutcome.Prepared, detail ?? "listed by XA RECOVER");
        if (!HasWitness(evidence))
            return new BranchReport(BranchOutcome.Unknown, $"not listed, and there is no witness row to prove the outcome ({detail})");
        var state = await Witness.ReadAsync(session, branch, _options.Phase2Timeout, cancellationToken);
        return await ReportAsync(session, branch, evidence, state, detail, cancellationToken);
    }

    private bool HasWitness(Evidence? evidence) => evidence?.HasWitness ?? _options.Witness;

    private async Task<BranchReport> ReportAsync(
        Session session, BranchId branch, Evidence? evidence, WitnessState state, string? detail, CancellationToken cancellationToken)
    {
        switch (state)
        {
            case WitnessState.Committed:
                return new BranchReport(BranchOutcome.Committed, "the witness row is there");
            case WitnessState.Fenced:
                return new BranchReport(BranchOutcome.RolledBack, "the branch's id is fenced");
            case WitnessState.Absent:
                return await Witness.MayBeTrimmedAsync(session, evidence, _options.Phase2Timeout, cancellationToken)
                    ? new BranchReport(BranchOutcome.Unknown, $"no witness row, and rows of that age were trimmed ({detail})")
                    : new BranchReport(BranchOutcome.RolledBack, $"no witness row ({detail})");
            default:
                return await ReportLockedAsync(session, branch, cancellationToken);
        }
    }

    private async Task<BranchReport> ReportLockedAsync(Session session, BranchId branch, CancellationToken cancellationToken)
    {
        if (await PreparedScanReader.IsListedAsync(session, branch, flavor, _options.Phase2Timeout, cancellationToken))
            return new BranchReport(BranchOutcome.Prepared, "its witness row is locked, and XA RECOVER lists it");
        return await SessionEnd.FindHolderAsync(session, branch, flavor, _options, cancellationToken) is { } id
            ? new BranchReport(BranchOutcome.Active, $"at work in session {id}")
            : new BranchReport(
                BranchOutcome.Prepared,
                "hidden: its witness row is locked, but neither a session nor XA RECOVER has it; keep the decision and restart the server",
                NeedsOperator: true);
    }

    // MariaDB may have hidden what it said it rolled back; a branch that no session holds and that is not prepared is gone.
    private async Task<BranchReport> WithoutWitnessAsync(
        Session session, BranchId branch, Evidence? evidence, Verdict verdict, CancellationToken cancellationToken)
    {
        if (await PreparedScanReader.IsListedAsync(session, branch, flavor, _options.Phase2Timeout, cancellationToken))
            return new BranchReport(BranchOutcome.Prepared, "listed by XA RECOVER");
        if (verdict.Answer == Answer.Done && !flavor.IsMariaDb)
            return BranchReport.RolledBack;
        return verdict.IsUnknownBranch && evidence is null
            ? new BranchReport(BranchOutcome.RolledBack, "not prepared, and no session that could prepare it")
            : new BranchReport(BranchOutcome.Unknown, "there is no witness row to prove the outcome");
    }

    private async Task<Verdict> TryAsync(Session session, string statement, CancellationToken cancellationToken)
    {
        try
        {
            await session.ExecuteAsync(statement, _options.Phase2Timeout, cancellationToken);
            return Verdict.Done;
        }
        catch (DbException failure) when (ErrorClassifier.IsRolledBack(failure))
        {
            // The server gave the branch up; the witness row says whether that is so.
            return new Verdict(Answer.Refused, failure.Message, IsUnknownBranch: true);
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            return verdict;
        }
    }
}
