using System.Globalization;
using Coordinator.Simulation.Scheduling;
using Microsoft.Extensions.Logging;

namespace Coordinator.Simulation.Checks;

/// <summary>What happened, line by line, for people; costs nothing unless it is wanted.</summary>
internal sealed class Transcript(Scheduler scheduler, bool isWanted)
{
    private readonly List<string> _lines = [];

    public bool IsWanted { get; } = isWanted;

    public IReadOnlyList<string> Lines => _lines;

    public void Add(string what)
    {
        if (IsWanted)
            _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{scheduler.Now.TotalSeconds,10:F4}  {what}"));
    }
}

/// <summary>The product's own log lines, in the transcript. A broken invariant that it notices itself is a violation.</summary>
internal sealed class TranscriptLogger<T>(string process, Transcript transcript, Oracle oracle) : ILogger<T>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => transcript.IsWanted || logLevel == LogLevel.Critical;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = $"{process}: {formatter(state, exception)}{(exception is null ? "" : $" [{exception.GetType().Name}: {exception.Message}]")}";
        if (logLevel == LogLevel.Critical)
            oracle.Violate(line + " " + exception);
        else
            transcript.Add(line);
    }
}
