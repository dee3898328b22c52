using Microsoft.Extensions.Logging;

namespace Coordinator.Simulation.Checks;

/// <summary>Loggers of one process, for what makes its own.</summary>
internal sealed class TranscriptLoggers(string process, Transcript transcript, Oracle oracle) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new TranscriptLogger<TranscriptLoggers>(process, transcript, oracle);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
