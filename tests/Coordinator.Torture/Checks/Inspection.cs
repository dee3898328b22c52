using System.Globalization;
using System.Text;
using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.Torture.Clients;
using Coordinator.Torture.Kills;

namespace Coordinator.Torture.Checks;

/// <summary>
/// Looks at everything while it is at rest:
/// 1. all has come to rest in time, and no server holds a branch prepared, nor a lock;
/// 2. each database's accounts are what its ledger makes of them, and all together have what they began with;
/// 3. each transfer is whole, is what its client was told, and what the coordinator says of it;
/// 4. each audit that committed added up to the total.
/// </summary>
internal sealed class Inspection(World world, KillTally tally, TimeSpan healLimit)
{
    private const int AtOnce = 16;
    private readonly List<Finding> _findings = [];
    private readonly UnprovenCommits _unproven = new(world);

    /// <summary>What was found so far.</summary>
    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Transfers compared so far.</summary>
    public int Checked { get; private set; }

    /// <summary>Those of them that are in the ledgers.</summary>
    public int Committed { get; private set; }

    /// <summary>Those that were in doubt for a time, or whose client was killed before it knew.</summary>
    public int Settled { get; private set; }

    /// <summary>Commits in one phase that nothing proved (R13), forgotten as an operator would.</summary>
    public int Unproven => _unproven.Forgotten;

    /// <summary>Audits whose sum was compared.</summary>
    public int Audits { get; private set; }

    /// <summary>Looks at all that has happened since the last time.</summary>
    public async Task RunAsync()
    {
        var rest = new Rest(world, _unproven, healLimit);
        foreach (var unsettled in await rest.AwaitAsync())
            Find(Broken.Unsettled, $"Not at rest within {healLimit.TotalSeconds:0} s: {unsettled}");
        foreach (var prepared in await rest.PreparedAsync())
            Find(Broken.LeftPrepared, $"Left prepared in {prepared}");
        await CheckTotalsAsync();
        world.Journal.ReadNow();
        await CheckTransfersAsync(await Ledgers.ReadAsync(world));
    }

    private void Find(Broken broken, string text) => _findings.Add(new Finding(broken, text));

    // Step 1's locks and step 2. MariaDB can hold a branch prepared that XA RECOVER does not list: its locks tell.
    private async Task CheckTotalsAsync()
    {
        var total = 0L;
        foreach (var kind in world.Databases)
        {
            foreach (var stray in await world.QueryAsync(kind, Bank.ReadStrayAccounts))
                Find(Broken.Total, $"{kind}: an account's balance is not what the ledger makes of it: {stray}");
            try
            {
                total += (await world.QueryAsync(kind, Bank.LockAllAtRest)).Sum(row => long.Parse(row, CultureInfo.InvariantCulture));
            }
            catch (InvalidOperationException refused)
            {
                Find(Broken.LeftPrepared, $"{kind}: somebody holds a lock at rest: {refused.Message}");
                return;
            }
        }

        if (total != Bank.Total(world.Databases.Count))
            Find(Broken.Total, $"All accounts together have {total}; they began with {Bank.Total(world.Databases.Count)}.");
    }

    // Steps 3 and 4.
    private async Task CheckTransfersAsync(Ledgers ledgers)
    {
        var records = world.Journal.Records;
        var known = records.Select(record => record.Transaction).ToHashSet();
        foreach (var stranger in ledgers.Transactions.Where(transaction => !known.Contains(transaction)))
            Find(Broken.Lost, $"A ledger has transaction {stranger}, which no client began.");

        using var slots = new SemaphoreSlim(AtOnce);
        var judged = await Task.WhenAll(records.Where(record => !record.Checked).Select(async record =>
        {
            await slots.WaitAsync();
            try
            {
                return (TransactionRecord: record, View: await world.Client.GetAsync(TransactionId.Parse(record.Transaction)));
            }
            finally
            {
                slots.Release();
            }
        }));
        foreach (var (record, view) in judged)
            Check(record, ledgers.Of(record.Transaction), view);
    }

    private void Check(TransactionRecord record, IReadOnlyList<LedgerRow> rows, TransactionDescription view)
    {
        record.Checked = true;
        if (TransferCheck.Judge(record, rows, view.Outcome, tally.HasReached(record.Transaction)) is var (broken, why))
            Find(broken, Describe(why, record, rows, view));
        if (record.Purpose != Purpose.Audit)
        {
            Checked++;
            Committed += rows.Count > 0 ? 1 : 0;
            Settled += record.WasInDoubt || (record.Asked && record.Told is null) ? 1 : 0;
        }
        else if (record.Told == Said.Committed)
        {
            Audits++;
            if (record.Total != Bank.Total(world.Databases.Count))
                Find(Broken.Total, $"An audit with all accounts locked added up to {record.Total}. {Describe("", record, rows, view)}");
        }
    }

    private static string Describe(string why, TransactionRecord record, IReadOnlyList<LedgerRow> rows, TransactionDescription view)
    {
        var text = new StringBuilder($"{record.Transaction} ({record.Purpose}): {why}\n");
        var touched = Enum.GetValues<DatabaseKind>().Where(kind => (record.Touches & Bank.Bit(kind)) != 0);
        foreach (var kind in touched)
        {
            var own = rows.Where(row => row.Database == kind).Select(row => $"account {row.Account} {row.Delta:+#;-#}");
            text.Append(CultureInfo.InvariantCulture, $"  {kind} has: {string.Join(", ", own.DefaultIfEmpty("nothing"))}\n");
        }

        foreach (var entry in record.Entries)
            text.Append(CultureInfo.InvariantCulture, $"  client at {entry.At:HH:mm:ss.fff}: {entry.Said}\n");
        text.Append(CultureInfo.InvariantCulture, $"  coordinator: {view.State}, {view.Outcome} {view.Reason}");
        foreach (var branch in view.Branches)
            text.Append(CultureInfo.InvariantCulture, $"\n    {branch.Name} {branch.State} {branch.Detail}");
        return text.ToString();
    }
}
