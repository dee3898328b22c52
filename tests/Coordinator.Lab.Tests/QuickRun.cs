using System.Text;
using Coordinator.Lab.Experiments;
using Spectre.Console;

namespace Coordinator.Lab.Tests;

/// <summary>One quick run of all six experiments, with its report, for all tests that look at it.</summary>
public sealed class QuickRun : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lab-quick-").FullName;
    private readonly StringBuilder _console = new();
    private readonly StringBuilder _output = new();
    private IReadOnlyList<ExperimentResult> _results = [];

    public int ExitCode { get; private set; }

    public string Output => _output.ToString();

    public string Console => _console.ToString();

    public string ReportPath => Path.Combine(_folder, "lab.html");

    public string ChartsFolder => Path.Combine(_folder, "charts");

    public async Task InitializeAsync()
    {
        await using var terminal = new StringWriter(_console);
        await using var output = new StringWriter(_output);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(terminal) });
        console.Profile.Width = 160;
        var run = new LabRun(console, output, TimeProvider.System);
        ExitCode = await run.ExecuteAsync(CommandLine.All(quick: true, seed: 7), new LabOutput(Json: false, ReportPath, ChartsFolder), CancellationToken.None);
        _results = run.Results;
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    internal T Result<T>() where T : ExperimentResult => Assert.Single(_results.OfType<T>());
}

/// <summary>The tests that share the run.</summary>
[CollectionDefinition(Name)]
public sealed class QuickRunGroup : ICollectionFixture<QuickRun>
{
    public const string Name = "quick run";
}
