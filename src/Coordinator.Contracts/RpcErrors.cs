using System.Diagnostics.CodeAnalysis;
using System.Text;
using Coordinator.Contracts.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Coordinator.Contracts;

/// <summary>
/// Failed calls with a reason that a program can read: google.rpc.Status with one ErrorInfo in the trailer
/// <c>grpc-status-details-bin</c>, as gRPC's rich errors have it in every language.
/// </summary>
public static class RpcErrors
{
    /// <summary>The domain of every ErrorInfo that the project sends.</summary>
    public const string Domain = "coordinator";

    /// <summary>The trailer that carries google.rpc.Status.</summary>
    public const string TrailerName = MetadataExtensions.StatusDetailsTrailerName;

    // The text goes out twice (grpc-message, percent-encoded, and in the details), and peers commonly refuse more than
    // 8 KB of trailers, losing the status with them.
    private const int MaxMessageLength = 1_000, MaxMetadataLength = 200, MaxMetadataEntries = 16;

    private const string ReasonPrefix = "REASON_";

    private static readonly Dictionary<Reason, string> _names = ErrorsReflection.Descriptor
        .FindTypeByName<Google.Protobuf.Reflection.EnumDescriptor>("Reason").Values
        .ToDictionary(value => (Reason)value.Number, value => value.Name[ReasonPrefix.Length..]);

    private static readonly Dictionary<string, Reason> _reasons =
        _names.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    /// <summary>Makes the exception to throw from a service method.</summary>
    /// <param name="code">The status that errors.proto names for the reason.</param>
    /// <param name="reason">Why, for programs.</param>
    /// <param name="message">Why, for people; cut at 1,000 characters. Never SQL parameters.</param>
    /// <param name="metadata">What it is about, such as transaction_id; values are cut at 200 characters.</param>
    public static RpcException Create(
        StatusCode code, Reason reason, string message, params (string Key, string Value)[] metadata)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(metadata);
        var info = new ErrorInfo { Reason = NameOf(reason), Domain = Domain };
        foreach (var (key, value) in metadata.Take(MaxMetadataEntries))
            info.Metadata[key] = Cut(value, MaxMetadataLength);
        return new Google.Rpc.Status { Code = (int)code, Message = Cut(message, MaxMessageLength), Details = { Any.Pack(info) } }
            .ToRpcException();
    }

    /// <summary>Finds the project's ErrorInfo in a failed call; false if there is none, or it cannot be read.</summary>
    public static bool TryGetErrorInfo(RpcException exception, [NotNullWhen(true)] out ErrorInfo? info)
    {
        ArgumentNullException.ThrowIfNull(exception);
        info = null;
        try
        {
            info = exception.GetRpcStatus()?.Details
                .Where(detail => detail.Is(ErrorInfo.Descriptor))
                .Select(detail => detail.Unpack<ErrorInfo>())
                .FirstOrDefault(candidate => candidate.Domain == Domain);
        }
        catch (InvalidProtocolBufferException)
        {
            // A proxy's or a foreign server's trailer: the call's own status still tells that it failed.
            return false;
        }

        return info is not null;
    }

    /// <summary>Finds the reason of a failed call; false if it has none, or one of a newer version.</summary>
    public static bool TryGetReason(RpcException exception, out Reason reason)
    {
        reason = Reason.Unspecified;
        return TryGetErrorInfo(exception, out var info) && TryParse(info.Reason, out reason);
    }

    /// <summary>The status that errors.proto names for a reason; FAILED_PRECONDITION where it names none.</summary>
    public static StatusCode StatusOf(Reason reason) => reason switch
    {
        Reason.Malformed => StatusCode.InvalidArgument,
        Reason.TransactionNotFound or Reason.ParticipantNotFound => StatusCode.NotFound,
        Reason.Overloaded => StatusCode.ResourceExhausted,
        Reason.Draining or Reason.LogUnavailable => StatusCode.Unavailable,
        Reason.DeadlinePassed or Reason.VotedNo or Reason.BranchNotEnlisted or Reason.ParticipantUnavailable
            or Reason.RolledBack or Reason.Operator or Reason.CoordinatorRestarted => StatusCode.Aborted,
        _ => StatusCode.FailedPrecondition,
    };

    /// <summary>The reason's name on the wire, for example <c>TRANSACTION_NOT_FOUND</c>.</summary>
    public static string NameOf(Reason reason) => _names.TryGetValue(reason, out var name)
        ? name
        : throw new ArgumentOutOfRangeException(nameof(reason), reason, "No such reason.");

    /// <summary>Reads a reason's name; false for one that this version does not know.</summary>
    public static bool TryParse(string? name, out Reason reason)
    {
        reason = Reason.Unspecified;
        return name is not null && _reasons.TryGetValue(name, out reason);
    }

    private static string Cut(string text, int maxLength)
    {
        if (text.Length > maxLength)
        {
            // Never between the halves of a surrogate pair: protobuf refuses such a text.
            text = text[..(char.IsHighSurrogate(text[maxLength - 1]) ? maxLength - 1 : maxLength)];
        }

        // Databases quote statements in their messages, and a statement may hold a lone surrogate.
        return text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0
            ? text
            : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }
}
