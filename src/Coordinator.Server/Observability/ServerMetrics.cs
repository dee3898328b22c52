using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Coordinator.Server;

/// <summary>The server's own instruments; the engine has its own meter.</summary>
internal sealed class ServerMetrics : IDisposable
{
    public const string MeterName = "Coordinator.Server";

    private readonly Meter _meter;
    private readonly Histogram<double> _calls;
    private readonly Counter<long> _unknownAnswers;
    private readonly UpDownCounter<long> _attached;
    private readonly Counter<long> _frames;
    private readonly Counter<long> _messages;

    /// <param name="meters">The host's; null: a meter of its own.</param>
    public ServerMetrics(IMeterFactory? meters = null)
    {
        _meter = meters?.Create(MeterName) ?? new Meter(MeterName);
        _calls = _meter.CreateHistogram<double>("coordinator.calls.duration", "s", "Calls, by method and status.");
        _unknownAnswers = _meter.CreateCounter<long>("coordinator.attach.unknown_answers", "{answer}", "Answers to commands that nobody waits for.");
        _attached = _meter.CreateUpDownCounter<long>("coordinator.attach.streams", "{stream}", "Open attach streams.");
        _frames = _meter.CreateCounter<long>("coordinator.attach.frames_sent", "{frame}", "Frames sent to participants.");
        _messages = _meter.CreateCounter<long>("coordinator.attach.messages_sent", "{message}", "Messages sent to participants, many to a frame.");
    }

    public void Called(string method, StatusCode status, TimeSpan elapsed) => _calls.Record(
        elapsed.TotalSeconds,
        new KeyValuePair<string, object?>("method", method),
        new KeyValuePair<string, object?>("status", status.ToString()));

    public void UnknownAnswer() => _unknownAnswers.Add(1);

    public void Attached(int change) => _attached.Add(change);

    public void Sent(int messages)
    {
        _frames.Add(1);
        _messages.Add(messages);
    }

    public void Dispose() => _meter.Dispose();
}
