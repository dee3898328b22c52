using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Fuzz.Check;

/// <summary>Keeps the log entries that would hide a defect: errors, apart from those that tell operators of a participant's lies.</summary>
internal sealed class ErrorLog : ILoggerFactory, ILogger
{
    private const int MaxKept = 100;

    // Of the engine: a branch needs somebody, heuristic, quarantined, a log that lacks records.
    private static readonly int[] Expected = [10, 12, 19, 20, 27];

    private readonly ConcurrentQueue<string> _entries = new();

    public IReadOnlyCollection<string> Entries => _entries;

    // The server's own console leaves that one out too: it tells each message that is no protobuf.
    public ILogger CreateLogger(string categoryName) =>
        categoryName == "Grpc.AspNetCore.Server.ServerCallHandler" ? NullLogger.Instance : this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel) && !Expected.Contains(eventId.Id) && _entries.Count < MaxKept)
            _entries.Enqueue($"{logLevel} {eventId.Id}: {formatter(state, exception)} {exception}");
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
