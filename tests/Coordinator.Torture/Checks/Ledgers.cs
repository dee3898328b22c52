using System.Globalization;
using Coordinator.Testing;

namespace Coordinator.Torture.Checks;

/// <summary>One row of a ledger.</summary>
internal readonly record struct LedgerRow(DatabaseKind Database, int Account, long Delta, int Touches);

/// <summary>All ledgers side by side, by transaction.</summary>
internal sealed class Ledgers
{
    private static readonly LedgerRow[] None = [];
    private readonly Dictionary<string, List<LedgerRow>> _rows = [];

    /// <summary>Reads the ledger of every database.</summary>
    public static async Task<Ledgers> ReadAsync(World world)
    {
        var ledgers = new Ledgers();
        foreach (var kind in world.Databases)
        {
            foreach (var line in await world.QueryAsync(kind, Bank.ReadLedger))
            {
                var parts = line.Split('\t');
                if (!ledgers._rows.TryGetValue(parts[0], out var rows))
                    ledgers._rows.Add(parts[0], rows = []);
                rows.Add(new LedgerRow(kind, Number(parts[1]), long.Parse(parts[2], CultureInfo.InvariantCulture), Number(parts[3])));
            }
        }

        return ledgers;
    }

    /// <summary>Every transaction that any database has.</summary>
    public IReadOnlyCollection<string> Transactions => _rows.Keys;

    /// <summary>What the databases have of a transaction.</summary>
    public IReadOnlyList<LedgerRow> Of(string transaction) => _rows.TryGetValue(transaction, out var rows) ? rows : None;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
