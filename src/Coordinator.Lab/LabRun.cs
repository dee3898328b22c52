using System.Text.Json;
using System.Text.Json.Serialization;
using Coordinator.Lab.Experiments;
using Coordinator.Lab.Report;
using Coordinator.Lab.World;
using Spectre.Console;

namespace Coordinator.Lab;

/// <summary>How a run shows itself.</summary>
/// <param name="Json">Results as one JSON document on standard output, and nothing else there.</param>
/// <param name="ReportPath">Where the HTML report goes; null: nowhere.</param>
/// <param name="ChartsFolder">Where the charts go as SVG files; null: nowhere.</param>
internal sealed record LabOutput(bool Json, string? ReportPath, string? ChartsFolder);

/// <summary>Runs experiments one after the other on one pair of servers, and tells what they measured.</summary>
internal sealed class LabRun(IAnsiConsole console, TextWriter output, TimeProvider time)
{
    /// <summary>The exit status if an outcome was split.</summary>
    public const int SplitExitCode = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>What the last run measured, in order.</summary>
    public IReadOnlyList<ExperimentResult> Results { get; private set; } = [];

    /// <param name="experiments">In order; each is given the results of those before it.</param>
    /// <param name="where">What to write.</param>
    /// <param name="cancellationToken">Stops, and cleans up.</param>
    public async Task<int> ExecuteAsync(
        IReadOnlyList<Func<IReadOnlyList<ExperimentResult>, IExperiment>> experiments, LabOutput where, CancellationToken cancellationToken)
    {
        var results = new List<ExperimentResult>();
        Results = results;
        var machine = await MeasureAsync(experiments, results, where.Json, cancellationToken);
        var sections = results.Select(result => result.Describe()).ToList();
        var split = results.Sum(result => result.Split);
        if (where.ReportPath is { } path)
            await File.WriteAllTextAsync(path, HtmlReport.Write(sections, machine), cancellationToken);
        if (where.ChartsFolder is { } folder)
            await WriteChartsAsync(sections, folder, cancellationToken);
        if (where.Json)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(
                new { machine, experiments = sections.Zip(results, (section, result) => new { id = section.Id, result = (object)result }), split }, Json));
        }
        else
        {
            foreach (var section in sections)
                TerminalReport.Write(console, section);
            if (where.ReportPath is not null)
                await output.WriteLineAsync($"report: {Path.GetFullPath(where.ReportPath)}");
            await output.WriteLineAsync($"lab: experiments={sections.Count} split={split}");
        }

        return split == 0 ? 0 : SplitExitCode;
    }

    private async Task<Machine> MeasureAsync(
        IReadOnlyList<Func<IReadOnlyList<ExperimentResult>, IExperiment>> experiments, List<ExperimentResult> results, bool quiet, CancellationToken cancellationToken)
    {
        Machine? machine = null;
        var progress = console.Progress().AutoClear(false).Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new ElapsedTimeColumn());
        await (quiet ? RunAsync(null) : progress.StartAsync(RunAsync));
        return machine!;

        async Task RunAsync(ProgressContext? bars)
        {
            var starting = bars?.AddTask("private PostgreSQL and MariaDB", maxValue: 1);
            await using var databases = await Databases.StartAsync();
            machine = await Machine.LookAsync(databases, time.GetUtcNow());
            starting?.Increment(1);
            foreach (var make in experiments)
            {
                var experiment = make(results);
                var bar = bars?.AddTask(Markup.Escape(experiment.Title), maxValue: 1);
                var told = new LabProgress((share, doing) => Show(bar, experiment, share, doing), experiment.Weight);
                results.Add(await experiment.RunAsync(databases, told, cancellationToken));
                Show(bar, experiment, 1, "done");
            }
        }
    }

    private static void Show(ProgressTask? bar, IExperiment experiment, double share, string doing)
    {
        if (bar is null)
            return;
        bar.Value = share;
        bar.Description = Markup.Escape($"{experiment.Title}: {doing}");
    }

    private static async Task WriteChartsAsync(IEnumerable<Section> sections, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        foreach (var figure in sections.SelectMany(section => section.Figures))
            await File.WriteAllTextAsync(Path.Combine(folder, figure.Id + ".svg"), Report.Charts.ChartStyle.Standalone(figure.Svg) + "\n", cancellationToken);
    }
}
