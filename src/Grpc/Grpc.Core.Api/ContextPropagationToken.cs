namespace Grpc.Core;

/// <summary>
/// Carries a server call's context into a child call. Only a transport could make one; Grpc.AspNetCore.Server
/// does not.
/// </summary>
public abstract class ContextPropagationToken
{
    internal ContextPropagationToken()
    {
    }
}
