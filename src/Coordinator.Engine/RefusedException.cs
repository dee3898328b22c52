namespace Coordinator.Engine;

/// <summary>What kind of no a request gets; each maps to one gRPC status.</summary>
public enum RefusalKind
{
    InvalidArgument,
    NotFound,
    FailedPrecondition,
    ResourceExhausted,
    Unavailable,
}

/// <summary>A request that is refused; nothing was changed by it.</summary>
public sealed class RefusedException : Exception
{
    /// <param name="kind">The kind of no.</param>
    /// <param name="reason">A name of <see cref="Reasons"/>.</param>
    /// <param name="message">Says what is wrong and what to do.</param>
    public RefusedException(RefusalKind kind, string reason, string message)
        : base(message)
    {
        Kind = kind;
        Reason = reason;
    }

    /// <summary>The kind of no.</summary>
    public RefusalKind Kind { get; }

    /// <summary>A name of <see cref="Reasons"/>.</summary>
    public string Reason { get; }
}
