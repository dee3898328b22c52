using System.Xml.Linq;
using Microsoft.Playwright;

namespace Coordinator.Lab.Tests;

/// <summary>The report in a real Chromium. With COORDINATOR_LAB_PICTURES set, the pictures are kept in that folder, to be looked at.</summary>
[Collection(QuickRunGroup.Name)]
public sealed class ReportTests(QuickRun run) : IAsyncLifetime
{
    private static readonly string[] Sections = ["locks", "coordinator-killed", "slow-participant", "saga-anomalies", "cannot-prepare", "choose"];

    private readonly string _pictures = Environment.GetEnvironmentVariable("COORDINATOR_LAB_PICTURES") ?? Directory.CreateTempSubdirectory("lab-pictures-").FullName;
    private readonly List<string> _complaints = [];
    private readonly List<string> _requests = [];
    private Chromium _chromium = null!;

    public async Task InitializeAsync() => _chromium = await Chromium.StartAsync();

    public async Task DisposeAsync()
    {
        await _chromium.DisposeAsync();
        if (Environment.GetEnvironmentVariable("COORDINATOR_LAB_PICTURES") is null)
            Directory.Delete(_pictures, recursive: true);
    }

    [Theory]
    [InlineData(1200, ColorScheme.Light)]
    [InlineData(1200, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task Report_InChromium_OpensWithoutAnErrorAndShowsEveryChart(int width, ColorScheme scheme)
    {
        var page = await OpenAsync(width, scheme);

        foreach (var section in Sections)
        {
            var charts = page.Locator($"section#{section} svg.chart");
            Assert.True(await charts.CountAsync() > 0, $"{section} has a chart");
            foreach (var chart in await charts.AllAsync())
            {
                var box = await chart.BoundingBoxAsync();
                Assert.True(box is { Width: > 300, Height: > 100 }, $"a chart of {section} is {box?.Width} by {box?.Height}");
            }

            await page.Locator($"section#{section}").ScreenshotAsync(new() { Path = Path.Combine(_pictures, $"{section}-{width}-{scheme}.png") });
        }

        await page.ScreenshotAsync(new() { Path = Path.Combine(_pictures, $"page-{width}-{scheme}.png") });
        Assert.Empty(_complaints);
        Assert.Equal([new Uri(run.ReportPath).AbsoluteUri], _requests);
        Assert.Equal(0, await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"));
    }

    [Fact]
    public async Task Charts_Texts_LieInsideAndApart()
    {
        var page = await OpenAsync(1200, ColorScheme.Light);

        var faults = await page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('svg.chart')].flatMap(svg => {
              const frame = svg.getBoundingClientRect();
              const texts = [...svg.querySelectorAll('text')].map(text => ({ name: text.textContent, box: text.getBoundingClientRect() }));
              const outside = texts.filter(({ box }) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
                .map(({ name }) => `${svg.getAttribute('aria-label')}: "${name}" lies outside`);
              const overlaps = texts.flatMap((a, i) => texts.slice(i + 1).filter(b =>
                a.box.left < b.box.right - 2 && b.box.left < a.box.right - 2 && a.box.top < b.box.bottom - 5 && b.box.top < a.box.bottom - 5)
                .map(b => `${svg.getAttribute('aria-label')}: "${a.name}" lies on "${b.name}"`));
              return [...outside, ...overlaps];
            })
            """);

        Assert.Empty(faults);
    }

    [Fact]
    public async Task Report_DarkPreferred_IsDark()
    {
        const string Background = "() => getComputedStyle(document.body).backgroundColor";
        var light = await (await OpenAsync(1200, ColorScheme.Light)).EvaluateAsync<string>(Background);
        var dark = await (await OpenAsync(1200, ColorScheme.Dark)).EvaluateAsync<string>(Background);

        Assert.NotEqual(light, dark);
    }

    [Fact]
    public void Charts_AsFiles_AreWellFormedAndBringTheirStyle()
    {
        var files = Directory.GetFiles(run.ChartsFolder, "*.svg");

        Assert.True(files.Length >= 6);
        foreach (var file in files)
        {
            var svg = XDocument.Load(file).Root!;
            Assert.Contains("prefers-color-scheme", svg.Value, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Terminal_EverySection_HasItsTableAndConclusions()
    {
        foreach (var title in new[] { "1. Locks", "2. The single point of failure", "3. One slow participant", "4. What a saga shows to others", "5. A store that cannot prepare", "6. When to choose what" })
            Assert.Contains(title, run.Console, StringComparison.Ordinal);
    }

    private async Task<IPage> OpenAsync(int width, ColorScheme scheme)
    {
        var page = await _chromium.Browser.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = 900 }, ColorScheme = scheme });
        page.Console += (_, message) => _complaints.Add(message.Text);
        page.PageError += (_, error) => _complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith("data:", StringComparison.Ordinal))
                _requests.Add(request.Url);
        };
        await page.GotoAsync(new Uri(run.ReportPath).AbsoluteUri);
        return page;
    }
}
