using Coordinator.Client;

namespace Coordinator.Initiation.Tests;

/// <summary>What Begin refuses before there is anything to decide.</summary>
public sealed class BeginTests
{
    public static TheoryData<string> BadNames() => [new string('x', 101), "line\nbreak", "nul\0"];

    // The coordinator refuses such a name with the votes: the branches would be prepared, and stay so.
    [Theory]
    [MemberData(nameof(BadNames))]
    public async Task Begin_NameThatTheCoordinatorRefuses_IsRefusedAtOnce(string name)
    {
        await using var initiator = new TransactionInitiator(new Ids());

        await Assert.ThrowsAsync<ArgumentException>(() => initiator.BeginAsync(new BeginOptions { Name = name }));
        await using var longest = await initiator.BeginAsync(new BeginOptions { Name = new string('x', 100) });
    }

    private sealed class Ids : ILastAgent
    {
        public ValueTask<TransactionId> TakeIdAsync(CancellationToken cancellationToken) =>
            new(TransactionId.Create(ClusterId.FromRandom(1), new Epoch(1, 1), 1, 1));

        public Task<LastAgentAnswer> DecideAsync(
            TransactionId transaction, string name, IReadOnlyList<PreparedBranchVote> prepared, TimeSpan wait) =>
            throw new NotSupportedException();

        public void Acknowledge(TransactionId transaction, IReadOnlyCollection<BranchName> untold) => throw new NotSupportedException();

        public void Release(TransactionId transaction)
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
