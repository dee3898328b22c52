namespace Grpc.Core;

/// <summary>How a call ended: a code, a text for the peer and, on the client only, the local cause.</summary>
public readonly struct Status
{
    /// <summary>Success without a detail text.</summary>
    public static readonly Status DefaultSuccess = new(StatusCode.OK, "");

    /// <summary>Cancellation without a detail text.</summary>
    public static readonly Status DefaultCancelled = new(StatusCode.Cancelled, "");

    public Status(StatusCode statusCode, string detail)
        : this(statusCode, detail, null)
    {
    }

    public Status(StatusCode statusCode, string detail, Exception? debugException)
    {
        StatusCode = statusCode;
        Detail = detail;
        DebugException = debugException;
    }

    public StatusCode StatusCode { get; }

    /// <summary>The text that travels as <c>grpc-message</c>.</summary>
    public string Detail { get; }

    /// <summary>What failed on this side of the wire; it never travels, and nothing should be decided on it.</summary>
    public Exception? DebugException { get; }

    public override string ToString()
    {
        string cause = DebugException is null ? "" : $", DebugException=\"{DebugException}\"";
        return $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\"{cause})";
    }
}
