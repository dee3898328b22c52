using System.Globalization;

namespace Coordinator.Fuzz.Generate;

/// <summary>What an episode knows of the coordinator: ids in every role, so that good requests meet wrong states.</summary>
internal sealed class Pool(Random random, ClusterId cluster, Epoch epoch, IReadOnlyList<string> databases)
{
    public static readonly string[] Names = [.. Enumerable.Range(0, 20).Select(i => string.Create(CultureInfo.InvariantCulture, $"fuzz-{i}"))];

    private readonly List<string> _transactions = [];
    private readonly List<string> _branches = [];

    public Random Random => random;

    public string Cluster => cluster.Value;

    public string Epoch => epoch.ToString();

    public IReadOnlyList<string> Transactions => _transactions;

    public void Began(string id)
    {
        if (_transactions.Count < 50)
            _transactions.Add(id);
    }

    public void Attached(string branch) => _branches.Add(branch);

    public string Transaction()
    {
        var roll = random.Next(20);
        if (roll < 13 && _transactions.Count > 0)
            return Pick(_transactions);
        var number = (ulong)random.NextInt64();
        return (roll % 7) switch
        {
            0 => TransactionId.Create(cluster, epoch, random.Next(1, 5000), number).Value,
            1 => TransactionId.Create(ClusterId.FromRandom(number), epoch, random.Next(1, 5000), number).Value,
            2 => TransactionId.Create(cluster, new Epoch(epoch.Number, epoch.Nonce ^ 1), 1, number).Value,
            3 => TransactionId.Create(cluster, new Epoch(epoch.Number + random.Next(1, 1000), 7), 1, number).Value,
            4 => TransactionId.Create(cluster, new Epoch(Coordinator.Epoch.MaxNumber, uint.MaxValue), 999_999_999_999, number).Value,
            5 => HostileValues.Spoil(random, _transactions.Count > 0 ? Pick(_transactions) : $"{cluster}-{epoch}-1-0123456789abcdef"),
            _ => _transactions.Count > 0 ? Pick(_transactions) : "",
        };
    }

    public string Branch() => random.Next(10) switch
    {
        < 6 when _branches.Count > 0 => Pick(_branches),
        6 => $"{Pick(databases)}.{Instance()}",
        7 => HostileValues.Spoil(random, "fuzz-1.aaaa1111"),
        _ => $"{Pick(Names)}.{Instance()}",
    };

    public string Participant() => random.Next(12) == 0 ? Pick(databases) : Pick(Names);

    public string Instance() => string.Create(CultureInfo.InvariantCulture, $"{random.NextInt64():x16}")[..random.Next(8, 17)];

    public T Pick<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];
}
