using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Grpc.Core;
using ParticipantStream = Coordinator.Server.FramedStream<Coordinator.Contracts.V1.ParticipantFrame, Coordinator.Contracts.V1.CoordinatorFrame, Coordinator.Contracts.V1.CoordinatorMessage>;

namespace Coordinator.Server;

/// <summary>The streams that are attached, by participant and instance, so that a newer one ends the one that it replaces.</summary>
internal sealed class AttachStreams
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Name, string Instance), ParticipantStream> _streams = [];

    public void Add(string name, string instance, ParticipantStream stream)
    {
        ParticipantStream? replaced;
        lock (_gate)
        {
            _streams.TryGetValue((name, instance), out replaced);
            _streams[(name, instance)] = stream;
        }

        // The process came back before its old connection was noticed to be dead; what waits there is sent again here.
        replaced?.End(RpcErrors.Create(
            StatusCode.Unavailable, Reason.ParticipantUnavailable, "A newer stream of the same instance has taken this one's place."));
    }

    public void Remove(string name, string instance, ParticipantStream stream)
    {
        lock (_gate)
        {
            if (_streams.TryGetValue((name, instance), out var current) && ReferenceEquals(current, stream))
                _streams.Remove((name, instance));
        }
    }
}
