using System.Globalization;

namespace Coordinator.Server.Tests;

/// <summary>One exported metric, without the suffixes that a histogram's series have.</summary>
/// <param name="Type">As Prometheus says it.</param>
/// <param name="Labels">The names of all labels that its series have, but for a histogram's bounds.</param>
internal sealed record ExportedMetric(string Type, IReadOnlySet<string> Labels);

/// <summary>What a server exports now, in Prometheus' text format.</summary>
internal sealed class MetricsPage
{
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);
    private readonly List<(string Name, IReadOnlyDictionary<string, string> Labels, double Value)> _series = [];

    public static async Task<MetricsPage> ReadAsync(TestServer server)
    {
        using var http = new HttpClient();
        return new MetricsPage(await http.GetStringAsync(new Uri(server.Server.HealthAddress, "/metrics")));
    }

    private MetricsPage(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
                _types.Add(line.Split(' ')[2], line.Split(' ')[3]);
            else if (line[0] != '#')
                _series.Add(Parse(line));
        }
    }

    public IReadOnlyDictionary<string, ExportedMetric> Metrics => _types.ToDictionary(
        type => type.Key,
        type => new ExportedMetric(type.Value, _series
            .Where(series => series.Name == type.Key || (type.Value == "histogram" && series.Name == type.Key + "_bucket"))
            .SelectMany(series => series.Labels.Keys).Where(label => label != "le").ToHashSet(StringComparer.Ordinal)));

    /// <summary>The value of the one series with these labels among others; null if there is none.</summary>
    public double? Find(string name, params (string Label, string Value)[] labels) => _series
        .Where(series => series.Name == name && labels.All(label => series.Labels.GetValueOrDefault(label.Label) == label.Value))
        .Select(series => (double?)series.Value).SingleOrDefault();

    public IEnumerable<string> LabelsOf(string name, string label) =>
        _series.Where(series => series.Name == name).Select(series => series.Labels.GetValueOrDefault(label)).OfType<string>();

    // The tests' labels have no quotes and no commas.
    private static (string Name, IReadOnlyDictionary<string, string> Labels, double Value) Parse(string line)
    {
        var brace = line.IndexOf('{', StringComparison.Ordinal);
        var end = line.LastIndexOf('}');
        var labels = line[(brace + 1)..end].Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(label => label.Split('=', 2)).ToDictionary(label => label[0], label => label[1].Trim('"'));
        return (line[..brace], labels, double.Parse(line[(end + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
    }
}
