using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Coordinator.ScriptedServices;

/// <summary>The ways in which an answer gets lost.</summary>
public sealed class Loss
{
    private readonly string _name;
    private readonly Func<ServerCallContext, Task> _happen;

    private Loss(string name, Func<ServerCallContext, Task> happen) => (_name, _happen) = (name, happen);

    /// <summary>The connection is cut, as when the process is killed.</summary>
    public static Loss Kill { get; } = new(nameof(Kill), context =>
    {
        Feature<IConnectionLifetimeFeature>(context).Abort();
        return Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
    });

    /// <summary>The call's own stream is reset.</summary>
    public static Loss Reset { get; } = new(nameof(Reset), context =>
    {
        Feature<IHttpRequestLifetimeFeature>(context).Abort();
        return Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
    });

    /// <summary>The service breaks with an exception of its own.</summary>
    public static Loss Exception { get; } = new(nameof(Exception), _ => throw new InvalidDataException("scripted"));

    public Task HappenAsync(ServerCallContext context) => _happen(context);

    public override string ToString() => _name;

    private static T Feature<T>(ServerCallContext context)
        where T : notnull =>
        context.GetHttpContext().Features.GetRequiredFeature<T>();
}
