using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Coordinator.Engine;
using Coordinator.ResourceManagers.MySql;
using Coordinator.ResourceManagers.Postgres;
using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests;

/// <summary>
/// What a scan returns is hostile: whatever it is, only an id that is exactly ours is ever finished, and only such a one
/// reaches SQL. 1,000 ids; the variable COORDINATOR_HOSTILE_IDS sets another number.
/// </summary>
public sealed partial class HostileScanTests
{
    private const int Seed = 20_260_501;
    private const string Participant = "orders";

    private static readonly ClusterId Cluster = ClusterId.Parse("k7q2m9xa");
    private static readonly Epoch Epoch = new(12, 0x9f8e7d6c);

    private static int Count => int.Parse(Environment.GetEnvironmentVariable("COORDINATOR_HOSTILE_IDS") ?? "1000", CultureInfo.InvariantCulture);

    [Fact]
    public void Plan_HostileXids_OnlyExactlyOursAreFinished()
    {
        var ids = new HostileIds(Seed, Cluster, Epoch, Participant);
        var finished = 0;
        for (var i = 0; i < Count; i++)
        {
            var (gtrid, bqual, format) = ids.Next();
            string?[] row =
            [
                format.ToString(CultureInfo.InvariantCulture),
                gtrid.Length.ToString(CultureInfo.InvariantCulture),
                bqual.Length.ToString(CultureInfo.InvariantCulture),
                // MariaDB's listing is the bytes, MySQL's their hexadecimal digits.
                i % 2 == 0 ? gtrid + bqual : "0x" + Convert.ToHexString(Encoding.Latin1.GetBytes(gtrid + bqual)),
            ];
            finished += Judge(
                Coordinator.ResourceManagers.MySql.PreparedScanReader.Read(row),
                format == BranchId.XaFormatId && HostileIds.IsGrammar(gtrid, bqual) ? (gtrid, bqual) : null,
                branch => [Xid.Commit(branch), Xid.Rollback(branch), Xid.ReleaseLock(Xid.LockName(branch))]) ? 1 : 0;
        }

        // The generator must make some that are exactly ours, or the test would pass by refusing all.
        Assert.InRange(finished, Count / 20, Count / 2);
    }

    [Fact]
    public void Plan_HostileGids_OnlyExactlyOursAreFinished()
    {
        var ids = new HostileIds(Seed, Cluster, Epoch, Participant);
        var finished = 0;
        for (var i = 0; i < Count; i++)
        {
            var (gtrid, bqual, _) = ids.Next();
            var gid = $"{gtrid}:{bqual}";
            // The first colon divides: neither part of ours has one.
            var at = gid.IndexOf(':', StringComparison.Ordinal);
            var (left, right) = (gid[..at], gid[(at + 1)..]);
            var prepared = new PreparedBranch(PrintableText.Of(gid), BranchId.TryParse(gid, out var own) ? own : null, PreparedAt: null);
            finished += Judge(
                prepared,
                HostileIds.IsGrammar(left, right) ? (left, right) : null,
                branch => [Gid.Commit(branch), Gid.Rollback(branch), Gid.LockKey(branch)]) ? 1 : 0;
        }

        Assert.InRange(finished, Count / 20, Count / 2);
    }

    [Theory]
    [InlineData(DatabaseKind.Postgres)]
    [InlineData(DatabaseKind.MariaDb)]
    public Task Scan_HostileIdsOnARealServer_AreListedAndLeftAlone(DatabaseKind kind) => ScanAsync(kind);

    [MySqlFact]
    public Task Scan_HostileIdsOnRealMySql_AreListedAndLeftAlone() => ScanAsync(DatabaseKind.MySql);

    private static async Task ScanAsync(DatabaseKind kind)
    {
        await using var server = await PrivateServer.StartAsync(kind);
        var database = await TestDatabase.CreateAsync(server);
        await using var resource = database.CreateResource();
        await resource.AttachAsync(default);
        var ids = new HostileIds(Seed, Cluster, Epoch, Participant);
        var expected = new List<bool>();
        while (expected.Count < 24)
        {
            var (gtrid, bqual, format) = ids.Next();
            if (kind == DatabaseKind.Postgres ? await PrepareGidAsync(database, $"{gtrid}:{bqual}") : await PrepareXidAsync(database, gtrid, bqual, format))
                expected.Add((kind == DatabaseKind.Postgres || format == BranchId.XaFormatId) && HostileIds.IsGrammar(gtrid, bqual));
        }

        var scan = await resource.ListPreparedAsync(default);

        Assert.Equal(expected.Count, scan.Branches.Count);
        Assert.Equal(expected.Count(isOurs => isOurs), scan.Branches.Count(branch => branch.Id is not null));
        var plan = Plan(scan.Branches);
        Assert.Equal(expected.Count, plan.Count);
        foreach (var branch in plan.Where(branch => branch.Kind == PreparedKind.ToRollBack))
            Assert.Equal(BranchOutcome.RolledBack, (await resource.RollbackAsync(branch.Prepared.Id!, null, default)).Outcome);
        var left = await resource.ListPreparedAsync(default);
        Assert.Equal(plan.Count(branch => branch.Kind != PreparedKind.ToRollBack), left.Branches.Count);
        Assert.All(left.Branches, branch => Assert.All(branch.Raw, c => Assert.InRange(c, ' ', '~')));
    }

    // Nothing was decided and nothing is live: what is exactly ours is presumed aborted.
    private static IReadOnlyList<PlannedBranch> Plan(IReadOnlyList<PreparedBranch> prepared) => RecoveryPlan.From(
        prepared,
        new Dictionary<TransactionId, TransactionView>(),
        new Dictionary<TransactionId, DecisionRecord>(),
        new RecoveryContext(Cluster, Epoch, new HashSet<Epoch> { Epoch }, Horizon: null, RestoredBefore: null, Participant, new HashSet<string>()));

    // True if it is finished, after looking at everything that may happen to it.
    private static bool Judge(PreparedBranch prepared, (string Gtrid, string Bqual)? ours, Func<BranchId, string[]> sql)
    {
        Assert.All(prepared.Raw, c => Assert.InRange(c, ' ', '~'));
        Assert.InRange(prepared.Raw.Length, 0, 200);
        Assert.Equal(ours, prepared.Id is { } id ? (id.Transaction.Value, id.Branch.ToString()) : null);
        var planned = Assert.Single(Plan([prepared]));
        var isExactlyOurs = ours is var (gtrid, bqual)
            && gtrid.StartsWith($"{Cluster}-{Epoch}-", StringComparison.Ordinal) && bqual.StartsWith($"{Participant}.", StringComparison.Ordinal);
        Assert.Equal(isExactlyOurs, planned.Kind is PreparedKind.ToRollBack or PreparedKind.ToCommit);
        if (ours is null)
            Assert.Equal(PreparedKind.NotOurs, planned.Kind);
        else if (!ours.Value.Gtrid.StartsWith($"{Cluster}-", StringComparison.Ordinal))
            Assert.Equal(PreparedKind.Foreign, planned.Kind);
        if (prepared.Id is not null)
            Assert.All(sql(prepared.Id), text => Assert.Matches(HarmlessSql(), text));
        return isExactlyOurs;
    }

    private static async Task<bool> PrepareGidAsync(TestDatabase database, string gid)
    {
        if (gid.Any(c => c is '\0' or > '~') || gid.Length >= 200)
            return false;
        var quoted = gid.Replace("'", "''", StringComparison.Ordinal);
        await database.QueryAsync($"BEGIN; INSERT INTO account VALUES ({TestDatabase.NewRow()}, 1); PREPARE TRANSACTION '{quoted}';");
        return true;
    }

    private static async Task<bool> PrepareXidAsync(TestDatabase database, string gtrid, string bqual, long format)
    {
        if (gtrid.Length == 0)
            return false;
        var xid = string.Create(CultureInfo.InvariantCulture, $"X'{Hex(gtrid)}',X'{Hex(bqual)}',{format}");
        await database.QueryAsync($"XA START {xid}; INSERT INTO account VALUES ({TestDatabase.NewRow()}, 1); XA END {xid}; XA PREPARE {xid};");
        return true;
    }

    private static string Hex(string text) => Convert.ToHexString(Encoding.Latin1.GetBytes(text));

    [GeneratedRegex(@"\A(/\*! )?([A-Z_ ]*(\('coordinator:[0-9a-f]{40}'\)|'[a-z0-9.:-]+'(,'[a-z0-9.-]+',[0-9]+)?)|-?[0-9]+)( \*/)?\z")]
    private static partial Regex HarmlessSql();
}
