namespace Grpc.Core;

/// <summary>A stream of messages from the peer.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last successful <see cref="MoveNext"/> reached.</summary>
    T Current { get; }

    /// <summary>Waits for the next message; false when the peer has ended its stream.</summary>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}
