using System.Globalization;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// PostgreSQL's timeline history file: one line an ancestor, <c>{timeline} {switch point} {reason}</c>. A transaction
/// id means the same on a later timeline only up to the point at which that one branched off.
/// </summary>
internal static class TimelineHistory
{
    /// <summary>What is read of a history file at most, in bytes: far more than a server's life makes.</summary>
    public const int MaxLength = 1_000_000;

    public static string FileName(uint timeline) =>
        string.Create(CultureInfo.InvariantCulture, $"pg_wal/{timeline:X8}.history");

    /// <summary>True if the history says that everything of <paramref name="timeline"/> up to <paramref name="lsn"/> is included.</summary>
    public static bool Contains(string history, uint timeline, Lsn lsn)
    {
        foreach (var line in history.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split([' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 2
                && uint.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ancestor)
                && ancestor == timeline
                && Lsn.TryParse(fields[1], out var switchPoint))
            {
                return lsn <= switchPoint;
            }
        }

        return false;
    }
}
