using Coordinator.Contracts;
using Coordinator.Contracts.V1;

namespace Coordinator.Client;

/// <summary>
/// What the coordinator, or the way to it, answered instead of success. Itself thrown where a call was refused for a
/// reason that has no type of its own, such as missing rights; such a call changed nothing.
/// </summary>
public class CoordinatorException : Exception
{
    /// <param name="reasonCode">A name of the enum Reason without its prefix, or empty.</param>
    /// <param name="message">For people.</param>
    /// <param name="innerException">The failed call, if there was one.</param>
    public CoordinatorException(string reasonCode, string message, Exception? innerException = null)
        : base(message, innerException) => ReasonCode = reasonCode;

    /// <summary>Why, for programs, as it came: for example <c>VOTED_NO</c>. Empty where none was given.</summary>
    public string ReasonCode { get; }

    /// <summary>The same as a value; Unspecified for none, and for one that a newer coordinator knows.</summary>
    public Reason Reason => RpcErrors.TryParse(ReasonCode, out var reason) ? reason : Reason.Unspecified;
}

/// <summary>
/// The coordinator could not be reached, or is not ready, and the call is sure not to have committed anything. Trying
/// again is safe.
/// </summary>
public sealed class CoordinatorUnavailableException : CoordinatorException
{
    /// <inheritdoc/>
    public CoordinatorUnavailableException(string reasonCode, string message, Exception? innerException = null)
        : base(reasonCode, message, innerException)
    {
    }
}

/// <summary>What one transaction met.</summary>
public abstract class TransactionException : CoordinatorException
{
    private protected TransactionException(
        TransactionId id, string reasonCode, string message, Exception? innerException = null)
        : base(reasonCode, message, innerException) => TransactionId = id;

    /// <summary>The transaction; <see cref="CoordinatorClient.GetAsync"/> tells how it stands.</summary>
    public TransactionId TransactionId { get; }
}
