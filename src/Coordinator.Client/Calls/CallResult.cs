using Grpc.Core;

namespace Coordinator.Client.Calls;

/// <summary>What the attempts of one idempotent call came to.</summary>
internal abstract class CallResult
{
    /// <summary>True if another attempt may bring more.</summary>
    public abstract bool AskAgain { get; }
}

/// <inheritdoc/>
internal sealed class CallResult<T>(T? answer, bool isFinal, RpcException? failure, bool mayHaveArrived) : CallResult
    where T : class
{
    public T? Answer => answer;

    public RpcException? Failure => failure;

    public bool MayHaveArrived => mayHaveArrived;

    /// <summary>The service's own refusal, if that is how the attempts ended.</summary>
    public RpcException? Refusal => failure is not null && RpcFailure.IsRefusal(failure) ? failure : null;

    /// <summary>The answer that settles the call, if one came.</summary>
    public T? FinalAnswer => isFinal ? answer : null;

    public override bool AskAgain => !isFinal && Refusal is null;
}
