namespace Coordinator.Participant.Tests.Fakes;

/// <summary>A coordinator that acknowledges enlistments, unless told otherwise.</summary>
internal sealed class FakeEnlistment(FakeResourceManager resources) : IEnlistment
{
    public Func<BranchId, Task<TimeSpan>> Answer { get; set; } = _ => Task.FromResult(TimeSpan.FromSeconds(30));

    public async Task<TimeSpan> EnlistAsync(BranchId branch, CancellationToken cancellationToken)
    {
        await resources.TraceAsync("enlist");
        return await Answer(branch).WaitAsync(cancellationToken);
    }
}
