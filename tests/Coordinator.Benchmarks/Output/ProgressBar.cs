using System.Globalization;
using Spectre.Console;

namespace Coordinator.Benchmarks.Output;

/// <summary>Shows how far a run is: a bar in a terminal, a line every ten seconds where the output is piped.</summary>
internal sealed class ProgressBar : IAsyncDisposable
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _showing;
    private volatile string _now = "starting";
    private int _done;
    private int _steps = 1;

    private ProgressBar() => _showing = Console.IsErrorRedirected
        ? WriteLinesAsync(Console.Error)
        : ShowBarAsync(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }));

    public static ProgressBar Start() => new();

    /// <summary>So many more steps are planned than were so far.</summary>
    public void Plan(int steps) => Interlocked.Add(ref _steps, steps);

    /// <summary>Says what is being done from now on; the step before is over.</summary>
    public void Next(string what)
    {
        _now = what;
        Interlocked.Increment(ref _done);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _showing;
        _stop.Dispose();
    }

    private async Task WriteLinesAsync(TextWriter output)
    {
        while (await NextAsync(LineInterval))
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{_done} of {_steps}: {_now}"));
    }

    private Task ShowBarAsync(IAnsiConsole console) => console.Progress()
        .Columns(new SpinnerColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn())
        .AutoClear(true)
        .StartAsync(async context =>
        {
            var task = context.AddTask("starting");
            do
            {
                task.MaxValue = _steps;
                task.Value = _done;
                task.Description = Markup.Escape(_now);
            }
            while (await NextAsync(BarInterval));
        });

    private async Task<bool> NextAsync(TimeSpan interval)
    {
        await Task.Delay(interval, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        return !_stop.IsCancellationRequested;
    }
}
