using System.Globalization;
using Coordinator.Torture.Checks;
using Coordinator.Torture.Kills;
using Spectre.Console;

namespace Coordinator.Torture.Output;

/// <summary>Shows how far a run is: a bar in a terminal, a line every ten seconds where the output is piped.</summary>
internal sealed class Progress : IAsyncDisposable
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly int _planned;
    private readonly World _world;
    private readonly KillTally _tally;
    private readonly Inspection _inspection;
    private readonly Task _showing;

    private Progress(int planned, World world, KillTally tally, Inspection inspection, bool toError)
    {
        (_planned, _world, _tally, _inspection) = (planned, world, tally, inspection);
        var plain = toError ? Console.IsErrorRedirected : Console.IsOutputRedirected;
        var output = toError ? Console.Error : Console.Out;
        _showing = plain
            ? WriteLinesAsync(output)
            : ShowBarAsync(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) }));
    }

    public static Progress Start(int planned, World world, KillTally tally, Inspection inspection, bool toError) =>
        new(planned, world, tally, inspection, toError);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _showing;
        _stop.Dispose();
    }

    private async Task WriteLinesAsync(TextWriter output)
    {
        while (await NextAsync(LineInterval))
            await output.WriteLineAsync(Text());
    }

    private Task ShowBarAsync(IAnsiConsole console) => console.Progress()
        .Columns(new SpinnerColumn(), new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn())
        .StartAsync(async context =>
        {
            var task = context.AddTask("starting", maxValue: _planned);
            do
            {
                task.Value = _tally.Kills;
                task.Description = Text();
            }
            while (await NextAsync(BarInterval));
        });

    private string Text() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_tally.Kills} of {_planned} kills, {_world.Journal.Committed} commits, {_world.Journal.NotCommitted} not committed, {_inspection.Audits} audits, {_inspection.Findings.Count} broken");

    private async Task<bool> NextAsync(TimeSpan interval)
    {
        await Task.Delay(interval, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        return !_stop.IsCancellationRequested;
    }
}
