using Coordinator.Contracts;
using Coordinator.Fuzz.Wire;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Coordinator.Fuzz.Check;

/// <summary>Which statuses each method may answer with. A method without a line may use any but ABORTED, UNKNOWN and INTERNAL.</summary>
internal static class Documented
{
    private const int MaxDetail = 2_000;

    // Any call: malformed, too large or overloaded, draining or without a log.
    private static readonly StatusCode[] Any = [StatusCode.OK, StatusCode.InvalidArgument, StatusCode.ResourceExhausted, StatusCode.Unavailable];

    private static readonly Dictionary<string, StatusCode[]> Lines = new()
    {
        ["TransactionService/Begin"] = [],
        ["TransactionService/Commit"] = [StatusCode.NotFound, StatusCode.FailedPrecondition],
        ["TransactionService/Rollback"] = [StatusCode.NotFound, StatusCode.FailedPrecondition],
        ["TransactionService/Get"] = [StatusCode.NotFound],
        ["TransactionService/Watch"] = [StatusCode.NotFound],
        ["OperatorService/GetStatus"] = [],
        ["OperatorService/ListTransactions"] = [],
        ["OperatorService/ShowTransaction"] = [StatusCode.NotFound],
        ["OperatorService/ListInDoubt"] = [],
        ["OperatorService/Resolve"] = [StatusCode.NotFound, StatusCode.FailedPrecondition],
        ["OperatorService/Forget"] = [StatusCode.NotFound, StatusCode.FailedPrecondition],
        ["OperatorService/ListParticipants"] = [],
        ["OperatorService/RemoveParticipant"] = [StatusCode.NotFound, StatusCode.FailedPrecondition],
        ["InitiatorService/Initiate"] = [],
        ["ParticipantService/Attach"] = [StatusCode.FailedPrecondition],
        ["SqlService/Execute"] = [StatusCode.NotFound, StatusCode.FailedPrecondition, StatusCode.Aborted],
        ["SqlService/Query"] = [StatusCode.NotFound, StatusCode.FailedPrecondition, StatusCode.Aborted],
    };

    /// <summary>What is wrong with an answer; null if nothing is.</summary>
    public static string? WhyWrong(MethodDescriptor method, Twist twist, bool hasDeadline, RawAnswer answer)
    {
        if (answer.Status is not { } status)
            return WhyNoStatus(twist, hasDeadline, answer);
        if (status == StatusCode.OK)
            return WhyUnreadable(method, answer);
        if (status is StatusCode.DeadlineExceeded or StatusCode.Cancelled && (hasDeadline || twist is Twist.ShortDeadline or Twist.BadTimeout or Twist.Cancelled))
            return null;
        if (Twists.BreaksTransport(twist) && status is StatusCode.Internal or StatusCode.Unimplemented)
            return WhyUntold(answer);
        return Allows(method, status) ? WhyUntold(answer) : $"{status} is not documented for it: {answer.Detail}";
    }

    public static bool Allows(MethodDescriptor method, StatusCode status) => Any.Contains(status)
        || (Lines.TryGetValue($"{method.Service.Name}/{method.Name}", out var more)
            ? more.Contains(status)
            : status is StatusCode.NotFound or StatusCode.FailedPrecondition);

    private static string? WhyNoStatus(Twist twist, bool hasDeadline, RawAnswer answer)
    {
        if (twist is Twist.Cancelled)
            return null;
        // A deadline that passes in the middle of an answer resets the stream.
        if ((hasDeadline || twist == Twist.ShortDeadline) && !answer.Transport.StartsWith("HANGS", StringComparison.Ordinal))
            return null;
        // gRPC answers what is no gRPC at all with HTTP's own status.
        return twist == Twist.WrongContentType && answer.Transport == "HTTP 415" ? null : $"no gRPC status: {answer.Transport}";
    }

    private static string? WhyUnreadable(MethodDescriptor method, RawAnswer answer)
    {
        try
        {
            foreach (var message in answer.Messages())
                method.OutputType.Parser.ParseFrom(message);
            return null;
        }
        catch (InvalidProtocolBufferException exception)
        {
            return $"the answer is no {method.OutputType.Name}: {exception.Message}";
        }
    }

    // A person must be told what is wrong, and a program which kind it is.
    private static string? WhyUntold(RawAnswer answer)
    {
        if (string.IsNullOrWhiteSpace(answer.Detail))
            return "the status has no text";
        if (answer.Detail.Length > MaxDetail)
            return $"the status has {answer.Detail.Length} characters of text";
        if (answer.Details is not { } details)
            return $"the status has no {RpcErrors.TrailerName}: {answer.Detail}";
        var rich = Google.Rpc.Status.Parser.ParseFrom(details);
        return rich.Details.Any(any => any.TryUnpack<Google.Rpc.ErrorInfo>(out var info) && RpcErrors.TryParse(info.Reason, out _))
            ? null
            : "the status has no reason of errors.proto";
    }
}
