using System.Globalization;

namespace Coordinator.Torture.Clients;

/// <summary>What a client says of a transaction.</summary>
internal enum Said
{
    /// <summary>It has begun; nothing is done yet.</summary>
    Begun,

    /// <summary>Commit is about to be asked for. Without this, it must never be committed.</summary>
    Asked,

    /// <summary>The coordinator acknowledged the commit.</summary>
    Committed,

    /// <summary>Surely not committed: aborted, rolled back, or commit was never sent.</summary>
    NotCommitted,

    /// <summary>In doubt for now.</summary>
    InDoubt,

    /// <summary>The coordinator cannot know any more.</summary>
    Unknown,

    /// <summary>A heuristic outcome, which nobody here brings about by hand.</summary>
    Heuristic,
}

/// <summary>
/// One line of a client's report. A line is written with one call of the system, so that it is there whole, or not, when
/// the client is killed; a client that is killed between an acknowledgement and its line leaves it undetermined.
/// </summary>
/// <param name="At">By the machine's clock.</param>
/// <param name="Said">What.</param>
/// <param name="Transaction">Of which transaction.</param>
/// <param name="Purpose">Why it runs.</param>
/// <param name="Touches">The set of databases.</param>
/// <param name="Total">What an audit added up; else 0.</param>
internal sealed record ReportEntry(DateTimeOffset At, Said Said, string Transaction, Purpose Purpose, int Touches, long Total)
{
    public string ToLine() => string.Create(
        CultureInfo.InvariantCulture,
        $"{At.ToUnixTimeMilliseconds()} {Said} {Transaction} {Purpose} {Touches} {Total}");

    public static ReportEntry Parse(string line)
    {
        var parts = line.Split(' ');
        return new ReportEntry(
            DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[0], CultureInfo.InvariantCulture)),
            Enum.Parse<Said>(parts[1]),
            parts[2],
            Enum.Parse<Purpose>(parts[3]),
            int.Parse(parts[4], CultureInfo.InvariantCulture),
            long.Parse(parts[5], CultureInfo.InvariantCulture));
    }
}
