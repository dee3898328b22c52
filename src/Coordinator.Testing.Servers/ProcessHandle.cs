using System.Diagnostics;

namespace Coordinator.Testing;

/// <summary>A child process whose output is kept, that can be killed or paused, and that ends with the test process.</summary>
public sealed class ProcessHandle : IAsyncDisposable
{
    private static readonly TimeSpan OutputLimit = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private readonly string? _copy;
    private TaskCompletionSource _news = NewSignal();
    private readonly Task _ended;

    private ProcessHandle(Process process, string? copy)
    {
        _process = process;
        _copy = copy;
        Id = process.Id;
        _ended = AwaitEndAsync(Task.WhenAll(KeepAsync(process.StandardOutput), KeepAsync(process.StandardError)));
    }

    public int Id { get; }

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>The lines of both outputs so far.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
                return [.. _lines];
        }
    }

    /// <summary>Starts a .NET program from its assembly.</summary>
    /// <param name="assembly">The path of the dll.</param>
    /// <param name="arguments">Passed on as they are.</param>
    /// <param name="environment">Added to the test process's own; null removes a variable.</param>
    /// <param name="copy">A file that the process's output is appended to; null: none.</param>
    public static ProcessHandle StartDotnet(
        string assembly,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? copy = null) =>
        // DOTNET_HOST_PATH is not set under every test runner; the muxer on the path is the same one.
        Start(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [assembly, .. arguments], environment, copy);

    public static ProcessHandle Start(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? copy = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        ProcessGuard.Started(process.Id);
        return new ProcessHandle(process, copy);
    }

    /// <summary>The first line, among those already there too, that contains the text.</summary>
    public Task<string> WaitForLineAsync(string text, TimeSpan limit) =>
        WaitForLineAsync(line => line.Contains(text, StringComparison.Ordinal), limit, $"a line with \"{text}\"");

    /// <summary>The first line, among those already there too, that matches.</summary>
    public async Task<string> WaitForLineAsync(Func<string, bool> matches, TimeSpan limit, string what)
    {
        using var expired = new CancellationTokenSource(limit);
        for (var seen = 0; ;)
        {
            Task news;
            // Asked before the lines are read: what a process wrote last is here once it has ended.
            var ended = _ended.IsCompleted;
            lock (_lock)
            {
                for (; seen < _lines.Count; seen++)
                    if (matches(_lines[seen]))
                        return _lines[seen];
                news = _news.Task;
            }

            if (ended)
                throw new InvalidOperationException($"Process {Id} ended with {ExitCode}, without {what}. {Output()}");
            var expiry = Task.Delay(Timeout.InfiniteTimeSpan, expired.Token);
            if (await Task.WhenAny(news, _ended, expiry) == expiry)
                throw new TimeoutException($"Process {Id}: not within {limit.TotalSeconds:0.###} s: {what}. {Output()}");
        }
    }

    /// <summary>Waits until the process has ended by itself, and returns its exit code.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        if (await Task.WhenAny(_ended, Task.Delay(limit)) != _ended)
            throw new TimeoutException($"Process {Id} still runs after {limit.TotalSeconds:0.###} s. {Output()}");
        await _ended;
        return ExitCode;
    }

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public Task KillAsync()
    {
        _process.Kill();
        return _ended;
    }

    /// <summary>SIGTERM; returns the exit code, or throws when the process outlives the limit.</summary>
    public Task<int> TerminateAsync(TimeSpan limit)
    {
        if (!_process.HasExited)
            Signal.Send(Id, Signal.Terminate);
        return WaitForExitAsync(limit);
    }

    /// <summary>SIGSTOP: the process keeps its connections and does nothing until <see cref="Resume"/>.</summary>
    public void Pause() => Signal.Send(Id, Signal.Stop);

    public void Resume() => Signal.Send(Id, Signal.Continue);

    /// <summary>Kills the process unless it has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task KeepAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
            Keep(line);
    }

    private void Keep(string line)
    {
        TaskCompletionSource told;
        lock (_lock)
        {
            _lines.Add(line);
            if (_copy is not null)
                File.AppendAllText(_copy, line + '\n');
            (told, _news) = (_news, NewSignal());
        }

        told.SetResult();
    }

    private async Task AwaitEndAsync(Task outputs)
    {
        await _process.WaitForExitAsync();
        ProcessGuard.Ended(Id);
        // What the process wrote last is still to be read. But a child that it left behind may hold its outputs open.
        if (await Task.WhenAny(outputs, Task.Delay(OutputLimit)) == outputs)
            await outputs;
    }

    private string Output() => $"Its output:{Environment.NewLine}{string.Join(Environment.NewLine, Lines)}";
}
