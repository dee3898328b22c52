using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// What a yes vote hands to the coordinator. Text: <c>my1:{connection id}:{begun at, unix seconds of the server}:{w or -}</c>.
/// Version history: 1, the first.
/// </summary>
/// <param name="ConnectionId">The session that prepared: on MariaDB another one has to wait for its end.</param>
/// <param name="BegunAt">A missing witness row of that age may have been trimmed, and then proves nothing.</param>
/// <param name="HasWitness">Whether the branch wrote a witness row at all: the option may differ between processes.</param>
internal sealed partial record Evidence(ulong ConnectionId, long BegunAt, bool HasWitness)
{
    /// <summary>Evidence comes back over a wire: it is matched whole before any of it reaches SQL.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Evidence? evidence)
    {
        evidence = null;
        var match = Pattern().Match(text ?? "");
        if (!match.Success
            || !ulong.TryParse(match.Groups["id"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || !long.TryParse(match.Groups["at"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var begunAt))
        {
            return false;
        }

        evidence = new Evidence(id, begunAt, match.Groups["witness"].Value == "w");
        return true;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"my1:{ConnectionId}:{BegunAt}:{(HasWitness ? "w" : "-")}");

    [GeneratedRegex("^my1:(?<id>[0-9]{1,20}):(?<at>[0-9]{1,18}):(?<witness>[w-])\\z")]
    private static partial Regex Pattern();
}
