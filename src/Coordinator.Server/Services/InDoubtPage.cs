using System.Globalization;
using System.Text;
using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Google.Protobuf;

namespace Coordinator.Server;

/// <summary>
/// Cuts a report into pages. The order is that of the token: prepared branches by participant and id, then undelivered
/// transactions, then heuristic outcomes, so that a page begins after what the one before ended with, even if that is
/// gone by now.
/// </summary>
internal static class InDoubtPage
{
    private enum Section
    {
        Branches,
        Undelivered,
        Heuristics,
    }

    public static ListInDoubtResponse From(InDoubtReport report, InDoubtToken token, int size)
    {
        var items = Items(report).OrderBy(item => item.Key).Where(item => item.Key.CompareTo(token) > 0).Take(size + 1).ToList();
        var page = new ListInDoubtResponse { AsOf = report.AsOf.ToMessage(), FailedScans = { report.FailedScans.ToDictionary() } };
        foreach (var item in items.Take(size))
            item.AddTo(page);
        if (items.Count > size)
            page.NextPageToken = items[size - 1].Key.ToString();
        return page;
    }

    private static IEnumerable<(InDoubtToken Key, Action<ListInDoubtResponse> AddTo)> Items(InDoubtReport report)
    {
        // Two hostile ids may look the same once they are printable: a number tells them apart.
        var same = new Dictionary<(string, string), int>();
        foreach (var branch in report.Branches)
        {
            var raw = branch.Plan.Prepared.Raw;
            var number = same[(branch.Participant, raw)] = same.GetValueOrDefault((branch.Participant, raw)) + 1;
            yield return (Key(Section.Branches, branch.Participant, raw, number), page => page.Branches.Add(branch.ToMessage()));
        }

        foreach (var view in report.Undelivered)
            yield return (Key(Section.Undelivered, "", view.Id.Value, 1), page => page.Undelivered.Add(view.ToMessage()));
        foreach (var heuristic in report.Heuristics)
            yield return (Key(Section.Heuristics, "", heuristic.Branch.Gid, 1), page => page.Heuristics.Add(heuristic.ToMessage()));
    }

    private static InDoubtToken Key(Section section, string participant, string id, int number) => new((int)section, participant, id, number);
}

/// <summary>Where a page ends: opaque to callers, and checked when it comes back.</summary>
internal sealed record InDoubtToken(int Section, string Participant, string Id, int Number) : IComparable<InDoubtToken>
{
    private const int MaxLength = 2_000;
    private static readonly InDoubtToken Start = new(-1, "", "", 0);

    /// <summary>The first participant whose database must be asked; past all names once the branches have been listed.</summary>
    public string FromParticipant => Section <= 0 ? Participant : "\uffff";

    /// <exception cref="MalformedException">No token of an earlier page.</exception>
    public static InDoubtToken Parse(string token)
    {
        if (token.Length == 0)
            return Start;
        var bytes = new byte[MaxLength];
        if (token.Length <= MaxLength && Convert.TryFromBase64String(token, bytes, out var length)
            && Encoding.UTF8.GetString(bytes, 0, length).Split('\n') is [var section, var participant, var id, var number]
            && int.TryParse(section, NumberStyles.None, CultureInfo.InvariantCulture, out var sectionNumber)
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var numberOfSame))
        {
            return new InDoubtToken(sectionNumber, participant, id, numberOfSame);
        }

        throw new MalformedException("page_token", "must be empty or the next_page_token of an earlier page.");
    }

    public int CompareTo(InDoubtToken? other)
    {
        if (other is null)
            return 1;
        var order = Section.CompareTo(other.Section);
        order = order != 0 ? order : string.CompareOrdinal(Participant, other.Participant);
        order = order != 0 ? order : string.CompareOrdinal(Id, other.Id);
        return order != 0 ? order : Number.CompareTo(other.Number);
    }

    public override string ToString() => ByteString.CopyFromUtf8(
        string.Create(CultureInfo.InvariantCulture, $"{Section}\n{Participant}\n{Id}\n{Number}")).ToBase64();
}
