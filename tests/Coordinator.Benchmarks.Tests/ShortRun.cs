using System.Text.Json;
using System.Xml.Linq;

namespace Coordinator.Benchmarks.Tests;

/// <summary>A command with the smallest parameters, and all that it wrote.</summary>
internal sealed record ShortRun(string Text, IReadOnlyList<JsonElement> Rows, XDocument Chart)
{
    private static readonly string[] Schema = ["case", "workers", "databases", "tps", "p50_us", "p99_us", "cpu_us_per_tx", "ratio_to_floor"];

    public static BenchmarkOptions Options { get; } = new()
    {
        PointLength = TimeSpan.FromMilliseconds(100),
        Rounds = 2,
        Workers = [2],
        WarmUpTransactions = 8,
        WarmUpLimit = TimeSpan.Zero,
        Databases = ["postgres+mariadb"],
        Open = 100,
        Transactions = 200,
        Undelivered = [0, 50],
        Prepared = 20,
    };

    public static async Task<ShortRun> RunAsync(Func<BenchmarkOptions, Task<int>> command, BenchmarkOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("coordinator-benchmarks-tests-").FullName;
        try
        {
            await using var text = new StringWriter();
            var (json, chart) = (Path.Combine(folder, "rows.json"), Path.Combine(folder, "chart.svg"));

            Assert.Equal(0, await command(options with { Output = text, Json = json, Chart = chart }));

            using var document = JsonDocument.Parse(await File.ReadAllTextAsync(json));
            return new ShortRun(
                text.ToString(), [.. document.RootElement.EnumerateArray().Select(row => row.Clone())], XDocument.Parse(await File.ReadAllTextAsync(chart)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public IReadOnlyList<string> Cases => [.. Rows.Select(row => row.GetProperty("case").GetString()!).Distinct()];

    /// <summary>Each row has the fields that are promised, in their order and of their kinds; the chart has a bar for each of the cases.</summary>
    public void AssertWellFormed()
    {
        Assert.NotEmpty(Rows);
        foreach (var row in Rows)
        {
            Assert.Equal(Schema, row.EnumerateObject().Take(Schema.Length).Select(property => property.Name));
            Assert.Equal(JsonValueKind.String, row.GetProperty("case").ValueKind);
            Assert.Equal(JsonValueKind.Number, row.GetProperty("workers").ValueKind);
            foreach (var name in Schema[3..])
                Assert.Contains(row.GetProperty(name).ValueKind, new[] { JsonValueKind.Number, JsonValueKind.Null });
        }

        Assert.Equal("svg", Chart.Root!.Name.LocalName);
        Assert.Contains(Chart.Root.Elements(), element => element.Name.LocalName == "rect" && element.Attribute("fill")!.Value != "#ffffff");
        Assert.Contains("cores", Text, StringComparison.Ordinal);
    }

    /// <summary>Something was done in each of them, and it took time.</summary>
    public void AssertMeasured()
    {
        foreach (var row in Rows)
        {
            Assert.True(row.GetProperty("tps").GetDouble() > 0, $"{row}");
            Assert.InRange(row.GetProperty("p50_us").GetDouble(), 0.1, row.GetProperty("p99_us").GetDouble());
        }
    }
}
