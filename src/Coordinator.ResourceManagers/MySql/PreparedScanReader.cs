using System.Globalization;
using System.Text;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// Reads XA RECOVER, which is server-wide: branches of every database of the server, and of everybody else who uses XA.
/// An id is gtrid and bqual in one, told apart by the two lengths, and may be any bytes.
/// </summary>
internal static class PreparedScanReader
{
    public static async Task<PreparedScan> ReadAsync(Session session, Flavor flavor, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var results = await session.QueryAsync(
            $"{ServerStart.Query}; SELECT @@global.read_only; {flavor.XaRecover}", timeout, cancellationToken);
        if (results[ServerStart.ResultCount][0][0] is not ("0" or "False"))
            throw new ResourceRefusedException("The scan ran on a read-only server, a replica perhaps: it concludes nothing.");
        return new PreparedScan([.. results[ServerStart.ResultCount + 1].Select(Read)], ServerStart.Read(results));
    }

    public static async Task<bool> IsListedAsync(
        Session session, BranchId branch, Flavor flavor, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var results = await session.QueryAsync(flavor.XaRecover, timeout, cancellationToken);
        return results[0].Any(row => Read(row).Id == branch);
    }

    internal static PreparedBranch Read(string?[] row)
    {
        var format = long.Parse(row[0]!, CultureInfo.InvariantCulture);
        var gtridLength = int.Parse(row[1]!, CultureInfo.InvariantCulture);
        var bqualLength = int.Parse(row[2]!, CultureInfo.InvariantCulture);
        var data = Decode(row[3]!, gtridLength + bqualLength);
        BranchId? id = null;
        if (format == BranchId.XaFormatId && data.Length == gtridLength + bqualLength
            && BranchId.TryParse(data[..gtridLength], data[gtridLength..], out var own))
        {
            id = own;
        }

        var raw = string.Create(CultureInfo.InvariantCulture, $"{format}:{data[..Math.Min(gtridLength, data.Length)]}:{data[Math.Min(gtridLength, data.Length)..]}");
        return new PreparedBranch(PrintableText.Of(raw), id, PreparedAt: null);
    }

    // MySQL's CONVERT XID gives 0x and two digits a byte; a text of the right length is the id itself, which may as well
    // begin with 0x.
    private static string Decode(string data, int length) =>
        data.Length == 2 + (2 * length) && data.StartsWith("0x", StringComparison.Ordinal)
            ? Encoding.Latin1.GetString(Convert.FromHexString(data.AsSpan(2)))
            : data;
}
