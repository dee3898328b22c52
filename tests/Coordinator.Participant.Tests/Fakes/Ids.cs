namespace Coordinator.Participant.Tests.Fakes;

internal static class Ids
{
    public static readonly ClusterId Cluster = ClusterId.Parse("k7q2m9xa");
    public static readonly Epoch Epoch = new(12, 0x9f8e7d6c);
    public static readonly BranchName Own = new("inventory", "4f7c01ab");

    private static long _sequence;

    public static TransactionId NewTransaction(Epoch? epoch = null) =>
        TransactionId.Create(Cluster, epoch ?? Epoch, Interlocked.Increment(ref _sequence), 0x0123456789abcdef);
}
