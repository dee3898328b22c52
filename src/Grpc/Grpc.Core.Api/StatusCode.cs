namespace Grpc.Core;

/// <summary>The outcome of a call, with the numbers that travel as <c>grpc-status</c>.</summary>
public enum StatusCode
{
    /// <summary>The call succeeded.</summary>
    OK = 0,

    /// <summary>The call was cancelled, typically by the caller.</summary>
    Cancelled = 1,

    /// <summary>An error that carries no better code, such as an exception that a handler let escape.</summary>
    Unknown = 2,

    /// <summary>The arguments are wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed first; the work may have been done all the same.</summary>
    DeadlineExceeded = 4,

    /// <summary>What was asked for does not exist.</summary>
    NotFound = 5,

    /// <summary>What was to be created exists already.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known but may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A quota, a message-size limit or some other resource is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state that the operation needs; repeating the call will not help.</summary>
    FailedPrecondition = 9,

    /// <summary>The operation was aborted, typically by a conflict; repeat it at a higher level.</summary>
    Aborted = 10,

    /// <summary>An argument lies outside the range that is valid now.</summary>
    OutOfRange = 11,

    /// <summary>The server does not have this method.</summary>
    Unimplemented = 12,

    /// <summary>An invariant of the server or of the transport was broken.</summary>
    Internal = 13,

    /// <summary>The service cannot be reached now; repeating the call may help.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or corrupt beyond recovery.</summary>
    DataLoss = 15,

    /// <summary>The call lacks valid credentials.</summary>
    Unauthenticated = 16,
}
