namespace Coordinator.ResourceManagers.Tests;

/// <summary>Ids that no other test uses: servers are shared, and XA RECOVER lists all that a server has.</summary>
internal static class TestIds
{
    private static readonly ClusterId _cluster = ClusterId.FromRandom((ulong)Random.Shared.NextInt64());
    private static long _sequence;

    public static string NewParticipant() => $"p{Guid.NewGuid().ToString("N")[..12]}";

    public static CoordinatorMark Mark(ClusterId cluster, int epoch, long position) =>
        new(cluster, new Epoch(epoch, 0xABCDEF01), position);

    public static ClusterId NewCluster() => ClusterId.FromRandom((ulong)Random.Shared.NextInt64());

    public static BranchId NewBranch(string participant) => new(
        TransactionId.Create(_cluster, new Epoch(1, 7), Interlocked.Increment(ref _sequence), (ulong)Random.Shared.NextInt64()),
        new BranchName(participant, "i0000001"));
}
