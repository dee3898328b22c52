using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Server;

/// <summary>
/// A streamed answer whose caller may have left, or whose deadline may pass, while a message is on its way. gRPC for .NET
/// throws InvalidOperationException then, which would look like a defect of the service.
/// </summary>
internal sealed class LiveWriter<T>(IServerStreamWriter<T> inner) : IServerStreamWriter<T>
{
    public WriteOptions? WriteOptions
    {
        get => inner.WriteOptions;
        set => inner.WriteOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        try
        {
            await inner.WriteAsync(message, cancellationToken);
        }
        catch (InvalidOperationException)
        {
            throw RpcErrors.Create(StatusCode.Cancelled, Reason.Unspecified, "The caller stopped waiting.");
        }
    }
}
