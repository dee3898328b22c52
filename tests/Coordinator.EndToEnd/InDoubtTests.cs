using System.Text.Json;
using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>
/// What an operator sees at night: every kind of prepared branch on real servers, what is decided and not told, what
/// ended otherwise, and which database could not be asked; then settles it.
/// </summary>
public sealed class InDoubtTests
{
    private const string Hostile = "x'; DROP TABLE orders; --";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task InDoubt_EveryKind_IsNamedWithWhatHappensAndWhen()
    {
        await using var shop = await Shop.StartAsync(scanInterval: "10m");
        using var client = shop.Connect();
        var mixed = await KillAfterDecisionAsync(shop, client);
        var (cluster, epoch) = await StatusAsync(shop);
        // Prepared behind the coordinator's back, after the scan that the attachment started.
        var presumed = $"{cluster}-{epoch}-900-0123456789abcdef";
        var stranger = $"{cluster}-1x00000001-1-0123456789abcdef";
        var foreign = "zzzzzzzz-1x00000000-1-0000000000000000";
        foreach (var gid in new[] { $"{presumed}:orders.aaaa1111", $"{stranger}:orders.aaaa1111", $"{foreign}:orders.aaaa1111", Hostile })
            await shop.SqlOrdersAsync($"BEGIN; CREATE TABLE t{Guid.NewGuid():N} (n int); PREPARE TRANSACTION '{gid.Replace("'", "''", StringComparison.Ordinal)}';");
        var (live, committing) = await StopWhenPreparedAsync(shop, client);

        using var report = await ReadAsync(shop);

        AssertBranch(report, presumed, "to-roll-back", "presumed abort; it is rolled back at the next scan, in ");
        AssertBranch(report, stranger, "quarantined", "is not of this log; an operator must resolve it");
        AssertBranch(report, foreign, "foreign", "belongs to cluster zzzzzzzz; it is left alone");
        AssertBranch(report, live, "live", "rolled back at its deadline, in ");
        Assert.Contains(Branches(report), branch => Text(branch, "raw") == Hostile && Text(branch, "kind") == "not-ours");
        Assert.All(Branches(report), branch => Assert.NotNull(Text(branch, "preparedAt")));
        Assert.Contains("no instance is attached", report.RootElement.GetProperty("failedScans").GetProperty("inventory").GetString(), StringComparison.Ordinal);
        Assert.Contains(report.RootElement.GetProperty("undelivered").EnumerateArray(), transaction => Text(transaction, "id") == mixed);
        var heuristic = Assert.Single(report.RootElement.GetProperty("heuristics").EnumerateArray());
        Assert.Equal((mixed, "COMMIT", "ROLLED_BACK"), (Text(heuristic, "transactionId"), Text(heuristic, "decided"), Text(heuristic, "found")));
        var (found, table) = await shop.CoordctlAsync("in-doubt", "--fail-if-any");
        Assert.Equal(4, found);
        Assert.Contains($"coordctl resolve {stranger} --commit|--rollback --reason TEXT", table, StringComparison.Ordinal);
        Assert.Contains($"coordctl forget {mixed} --reason TEXT", table, StringComparison.Ordinal);

        await SettleAsync(shop, stranger, mixed);
        await Assert.ThrowsAnyAsync<CoordinatorException>(() => committing.WaitAsync(Limit));
    }

    // One transaction is decided; the coordinator and one participant die, and the other's branch is rolled back by hand.
    private static async Task<string> KillAfterDecisionAsync(Shop shop, CoordinatorClient client)
    {
        var transaction = await shop.WorkAsync(client, "drill-decided");
        var commit = transaction.CommitAsync(new CommitOptions { Wait = TimeSpan.FromSeconds(5) });
        await shop.CoordinatorProcess.WaitForLineAsync("reached decided", Limit);
        await shop.KillAsync("inventory");
        await shop.KillAsync("coordinator");
        await Assert.ThrowsAnyAsync<CoordinatorException>(() => commit.WaitAsync(Limit));
        var gid = Assert.Single(await shop.SqlOrdersAsync("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"));
        await shop.SqlOrdersAsync($"ROLLBACK PREPARED '{gid}'");
        await shop.RestartAsync("coordinator");
        await Eventually.AssertAsync(
            async () =>
            {
                using var report = await ReadAsync(shop);
                return report.RootElement.GetProperty("heuristics").GetArrayLength() == 1;
            },
            Limit, "the rollback by hand is noticed");
        return transaction.Id.Value;
    }

    // With a key, one branch votes too; the drill holds it between its vote and the decision.
    private static async Task<(string Id, Task Committing)> StopWhenPreparedAsync(Shop shop, CoordinatorClient client)
    {
        var transaction = await client.BeginAsync(
            new BeginOptions { Name = "drill-prepared", IdempotencyKey = "night", Timeout = TimeSpan.FromSeconds(20) });
        await transaction.Sql(shop.Orders).ExecuteAsync(
            "INSERT INTO orders (transaction, product, quantity) VALUES ($1, 'lamp', 1)", [transaction.Id.Value]);
        var commit = transaction.CommitAsync();
        await shop.CoordinatorProcess.WaitForLineAsync("reached prepared", Limit);
        return (transaction.Id.Value, commit);
    }

    // The operator acts on what was shown, until nothing is left but what is not the coordinator's.
    private static async Task SettleAsync(Shop shop, string stranger, string mixed)
    {
        await shop.RestartAsync("inventory");
        var (resolved, answer) = await shop.CoordctlAsync("resolve", stranger, "--rollback", "--reason", "of the old system", "--yes");
        Assert.True(resolved == 0, answer);
        var (shown, heuristics) = await shop.CoordctlAsync("show", mixed);
        Assert.True(shown == 0 && heuristics.Contains("ROLLED_BACK", StringComparison.Ordinal), heuristics);
        var (forgotten, forgetting) = await shop.CoordctlAsync("forget", mixed, "--reason", "order entered by hand");
        Assert.True(forgotten == 0, forgetting);
        await shop.KillAsync("orders");
        await shop.RestartAsync("orders");
        await Eventually.AssertAsync(
            async () =>
            {
                using var report = await ReadAsync(shop);
                var kinds = Branches(report).Select(branch => Text(branch, "kind")).Order(StringComparer.Ordinal);
                Assert.Equal(["foreign", "not-ours"], kinds);
                Assert.Equal(0, report.RootElement.GetProperty("heuristics").GetArrayLength());
                Assert.Equal(0, report.RootElement.GetProperty("undelivered").GetArrayLength());
            },
            Limit, "only what is not the coordinator's is left");
        foreach (var gid in await shop.SqlOrdersAsync("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"))
            await shop.SqlOrdersAsync($"ROLLBACK PREPARED '{gid.Replace("'", "''", StringComparison.Ordinal)}'");
    }

    private static async Task<(string Cluster, string Epoch)> StatusAsync(Shop shop)
    {
        var (_, output) = await shop.CoordctlAsync("status", "-o", "json");
        using var status = JsonDocument.Parse(output);
        return (status.RootElement.GetProperty("cluster").GetString()!, status.RootElement.GetProperty("epoch").GetString()!);
    }

    private static async Task<JsonDocument> ReadAsync(Shop shop)
    {
        var (exitCode, output) = await shop.CoordctlAsync("in-doubt", "-o", "json");
        Assert.True(exitCode == 0, output);
        return JsonDocument.Parse(output);
    }

    private static void AssertBranch(JsonDocument report, string transaction, string kind, string what)
    {
        var branch = Assert.Single(Branches(report), branch => Text(branch, "transactionId") == transaction);
        Assert.Equal(kind, Text(branch, "kind"));
        Assert.Contains(what, Text(branch, "whatHappens"), StringComparison.Ordinal);
    }

    private static JsonElement.ArrayEnumerator Branches(JsonDocument report) => report.RootElement.GetProperty("branches").EnumerateArray();

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
