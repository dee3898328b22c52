using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Coordinator.Participant.Tests.Fakes;

/// <summary>Keeps what was logged, by event id.</summary>
internal sealed class LogRecorder : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(int Id, string Text)> _entries = [];

    public bool Has(int eventId) => _entries.Any(entry => entry.Id == eventId);

    public string Text(int eventId) => string.Join('\n', _entries.Where(entry => entry.Id == eventId).Select(entry => entry.Text));

    public string All => string.Join('\n', _entries.Select(entry => entry.Text));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _entries.Enqueue((eventId.Id, formatter(state, exception)));

    public void Dispose()
    {
    }
}
