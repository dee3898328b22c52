using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Coordinator.Fuzz.Check;

/// <summary>Something that must not be.</summary>
/// <param name="Episode">In which.</param>
/// <param name="What">What is wrong.</param>
/// <param name="Request">The request as JSON, if there was one.</param>
internal sealed record Finding(long Episode, string What, string Request)
{
    /// <summary>With the command that replays it.</summary>
    public string ToText(long seed) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        VIOLATION {What}
          request: {Request}
          replay: dotnet run -c Release --project tests/Coordinator.Fuzz -- --seed {seed}{(Episode < 0 ? "" : $" --episode {Episode}")}
        """);
}

/// <summary>Answers counted by method and status, and what was found wrong.</summary>
internal sealed class Tally
{
    private readonly ConcurrentDictionary<(string Method, string Status), long> _counts = new();
    private readonly ConcurrentQueue<Finding> _findings = new();
    private long _requests;

    public long Requests => Interlocked.Read(ref _requests);

    public IReadOnlyCollection<Finding> Findings => _findings;

    public void Count(string method, string status)
    {
        Interlocked.Increment(ref _requests);
        _counts.AddOrUpdate((method, status), 1, (_, count) => count + 1);
    }

    public void Found(Finding finding) => _findings.Enqueue(finding);

    /// <summary>One row a method, one column a status.</summary>
    public string Table()
    {
        var statuses = _counts.Keys.Select(key => key.Status).Distinct().Order(StringComparer.Ordinal).ToList();
        var methods = _counts.Keys.Select(key => key.Method).Distinct().Order(StringComparer.Ordinal).ToList();
        var rows = new List<string[]> { (string[])["method", .. statuses, "all"] };
        foreach (var method in methods)
        {
            var counts = statuses.Select(status => _counts.GetValueOrDefault((method, status))).ToList();
            rows.Add([method, .. counts.Select(Number), Number(counts.Sum())]);
        }

        var widths = Enumerable.Range(0, statuses.Count + 2).Select(column => rows.Max(row => row[column].Length)).ToList();
        var table = new StringBuilder();
        foreach (var row in rows)
            table.AppendLine(string.Join("  ", row.Select((text, i) => i == 0 ? text.PadRight(widths[i]) : text.PadLeft(widths[i]))));
        return table.ToString();
    }

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
