using Coordinator.Contracts.V1;

namespace Coordinator.Server;

/// <summary>Answers of participants as values, checked: a participant may be wrong, or hostile.</summary>
internal static class Answers
{
    private const int MaxEvidenceLength = 256, MaxRawLength = 200, MaxTextLength = 1_000;

    /// <exception cref="MalformedException">No vote, or with evidence that is too long to keep.</exception>
    public static Vote ToVote(Answer answer) => answer.Vote.Vote switch
    {
        VoteAnswer.Types.Vote.Prepared => new Vote.Prepared(
            answer.Vote.Evidence.Length > 0 ? Fields.OptionalText(answer.Vote.Evidence, MaxEvidenceLength, "vote.evidence") : null),
        VoteAnswer.Types.Vote.ReadOnly => new Vote.ReadOnly(),
        VoteAnswer.Types.Vote.No => new Vote.No(Shorten(answer.Vote.Reason)),
        _ => throw new MalformedException("vote.vote", "must be PREPARED, READ_ONLY or NO."),
    };

    /// <exception cref="MalformedException">No outcome.</exception>
    public static Coordinator.BranchReport ToReport(Answer answer)
    {
        var outcome = (BranchOutcome)answer.Report.Outcome;
        if (!Enum.IsDefined(outcome))
            throw new MalformedException("report.outcome", "must be an outcome of a branch.");
        var detail = answer.Report.Detail.Length > 0 ? Shorten(answer.Report.Detail) : null;
        return new Coordinator.BranchReport(outcome, detail, answer.Report.NeedsOperator);
    }

    /// <exception cref="MalformedException">An id that does not match the grammar, or one half of one.</exception>
    public static Coordinator.PreparedScan ToScan(Answer answer) =>
        new([.. answer.Scan.Branches.Select(ToBranch)], Shorten(answer.Scan.ServerStart));

    /// <summary>For people: cut, and without control characters, which would garble a terminal.</summary>
    public static string Shorten(string text)
    {
        var cut = text.Length <= MaxTextLength ? text : text[..MaxTextLength];
        return cut.Any(char.IsControl) ? string.Create(cut.Length, cut, Clean) : cut;
    }

    private static Coordinator.PreparedBranch ToBranch(Contracts.V1.PreparedBranch branch)
    {
        BranchId? id = null;
        if ((branch.TransactionId.Length > 0 || branch.Branch.Length > 0)
            && !BranchId.TryParse(branch.TransactionId, branch.Branch, out id))
        {
            throw new MalformedException("scan.branches", "transaction_id and branch are both ids by the grammar, or both empty.");
        }

        var raw = branch.Raw.Length <= MaxRawLength ? branch.Raw : branch.Raw[..MaxRawLength];
        var evidence = branch.Evidence.Length > 0 ? Fields.OptionalText(branch.Evidence, MaxEvidenceLength, "scan.branches.evidence") : null;
        return new Coordinator.PreparedBranch(Shorten(raw), id, TimeOf(branch), evidence);
    }

    private static DateTimeOffset? TimeOf(Contracts.V1.PreparedBranch branch)
    {
        if (branch.PreparedAt is null)
            return null;
        try
        {
            return branch.PreparedAt.ToDateTimeOffset();
        }
        catch (InvalidOperationException)
        {
            throw new MalformedException("scan.branches.prepared_at", "must be a time between the years 1 and 9999.");
        }
    }

    private static void Clean(Span<char> cleaned, string text)
    {
        for (var i = 0; i < text.Length; i++)
            cleaned[i] = char.IsControl(text[i]) ? ' ' : text[i];
    }
}
