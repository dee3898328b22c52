using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// What a yes vote hands to the coordinator, so that the branch's outcome can be proven later with
/// <c>pg_xact_status</c>. Text: <c>pg1:{system identifier}:{timeline, hex}:{xid8}:{lsn}</c>. Version history: 1, the first.
/// </summary>
/// <param name="SystemIdentifier">Of the server that prepared.</param>
/// <param name="Timeline">Of that server at that moment.</param>
/// <param name="Xid">The branch's own transaction.</param>
/// <param name="Lsn">A flushed position behind the prepare record: a timeline that contains it contains the prepare.</param>
internal sealed partial record Evidence(string SystemIdentifier, uint Timeline, ulong Xid, Lsn Lsn)
{
    /// <summary>Evidence comes back over a wire: it is matched whole before any of it reaches SQL.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Evidence? evidence)
    {
        evidence = null;
        var match = Pattern().Match(text ?? "");
        if (!match.Success
            || !uint.TryParse(match.Groups["tli"].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var timeline)
            || !ulong.TryParse(match.Groups["xid"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var xid)
            || !Lsn.TryParse(match.Groups["lsn"].Value, out var lsn))
        {
            return false;
        }

        evidence = new Evidence(match.Groups["sys"].Value, timeline, xid, lsn);
        return true;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"pg1:{SystemIdentifier}:{Timeline:X}:{Xid}:{Lsn}");

    [GeneratedRegex("^pg1:(?<sys>[0-9]{1,20}):(?<tli>[0-9A-F]{1,8}):(?<xid>[0-9]{1,20}):(?<lsn>[0-9A-F]{1,8}/[0-9A-F]{1,8})\\z")]
    private static partial Regex Pattern();
}
