using System.Globalization;

namespace Coordinator.Log.Tests;

/// <summary>Records to test with.</summary>
internal static class Records
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    public static readonly ResourceIdentity Resource = new(ResourceKind.Postgres, "7300000000000000001", "shop", "9c1d2e3f4a5b6c7d");

    public static DecisionRecord Decide(
        OpenedLog opened, long sequence, Decision decision = Decision.Commit, string? key = null, DateTimeOffset? at = null) =>
        new(
            Id(opened, sequence),
            decision,
            string.Create(CultureInfo.InvariantCulture, $"order {sequence}"),
            key,
            [new DecidedBranch(Branch("inventory"), "1234/56"), new DecidedBranch(Branch("billing"), Evidence: null)],
            decision == Decision.Abort ? "a branch voted no" : null,
            at ?? Noon);

    public static TransactionId Id(OpenedLog opened, long sequence) =>
        TransactionId.Create(opened.Cluster, opened.Epoch, sequence, random: (ulong)sequence);

    public static BranchName Branch(string participant) => new(participant, "4f7c01ab");

    public static void AssertSame(LogRecord? expected, LogRecord? actual)
    {
        Assert.NotNull(expected);
        Assert.NotNull(actual);
        Assert.Equal(RecordCodec.Encode(expected), RecordCodec.Encode(actual));
    }
}

/// <summary>Ids from a seed.</summary>
internal sealed class SeededIds(int seed) : IIdSource
{
    private readonly Random _random = new(seed);

    public ulong NextRandom() => (ulong)_random.NextInt64();
}
