using Coordinator.Participant.Session;
using Coordinator.Participant.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Coordinator.Participant.Tests.Session;

/// <summary>What the session's tests share: a database and a coordinator in memory, and a clock that stands still.</summary>
public abstract class SessionTest
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private protected SessionTest()
    {
        Resources = new FakeResourceManager();
        Coordinator = new FakeEnlistment(Resources);
        Session = Create(new ParticipantOptions());
    }

    private protected FakeTimeProvider Time { get; } = new();

    private protected FakeResourceManager Resources { get; }

    private protected FakeEnlistment Coordinator { get; }

    private protected ParticipantSession Session { get; set; }

    private protected ParticipantSession Create(ParticipantOptions options)
    {
        var resource = new ResourceAttachment(Resources.Identity, [], Resources.ServerStart, "1.0", Resources.MaxBranches, Resources.MaxSessions);
        var session = new ParticipantSession(Ids.Own, Resources, resource, Coordinator, options, Time, NullLogger.Instance);
        Assert.True(session.TryAdvanceEpoch(Ids.Cluster, Ids.Epoch));
        return session;
    }

    private protected static BranchId BranchOf(TransactionId transaction) => new(transaction, Ids.Own);

    /// <summary>Does some work in a branch, to its end.</summary>
    private protected async Task<BranchId> WorkAsync(TransactionId? transaction = null)
    {
        await using var work = await EnlistAsync(transaction ?? Ids.NewTransaction());
        return work.Id;
    }

    private protected Task<BranchWork> EnlistAsync(TransactionId transaction) =>
        Session.EnlistAsync(transaction, options: null, CancellationToken.None);

    private protected Task<Vote> PrepareAsync(BranchId branch) => Session.PrepareAsync(branch, CancellationToken.None);

    private protected Task<BranchReport> CommitAsync(BranchId branch) =>
        Session.CommitAsync(branch, evidence: null, CancellationToken.None);

    private protected Task<BranchReport> RollbackAsync(BranchId branch) =>
        Session.RollbackAsync(branch, evidence: null, CancellationToken.None);

    private protected static async Task<string> RefusedAsync(Func<Task> action) =>
        (await Assert.ThrowsAsync<EnlistmentRefusedException>(action)).Reason;
}
