namespace Grpc.Core;

/// <summary>The server's side of a response stream, which ends when the handler returns.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>
{
}
