using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// What a yes vote hands to the coordinator: which session prepared, so that another one can wait for its end, and when
/// the branch began, so that a missing witness row is not taken for a rollback where it was trimmed. Text:
/// <c>my1:{connection id}:{begun at, unix seconds of the server}</c>. Version history: 1, the first.
/// </summary>
internal sealed partial record Evidence(ulong ConnectionId, long BegunAt)
{
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

        evidence = new Evidence(id, begunAt);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"my1:{ConnectionId}:{BegunAt}");

    [GeneratedRegex("^my1:(?<id>[0-9]{1,20}):(?<at>[0-9]{1,18})\\z")]
    private static partial Regex Pattern();
}
