using Coordinator.Cli.Output;
using Coordinator.Client;
using Coordinator.Client.Calls;
using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Grpc.Core;

namespace Coordinator.Cli;

/// <summary>What a failure means for the person at the keyboard: an exit code, and what to do next.</summary>
internal sealed record Failure(int ExitCode, ErrorDocument Error)
{
    private const string TryAgain = "Try again in a moment.";

    /// <summary>Null for a failure that is a fault of this program.</summary>
    /// <param name="exception">What came.</param>
    /// <param name="address">Who was asked.</param>
    /// <param name="timeout">How long it was given.</param>
    /// <param name="changes">True if what was asked for changes something.</param>
    public static Failure? Of(Exception exception, Uri address, TimeSpan timeout, bool changes)
    {
        // An answer that was lost says nothing about what was done.
        var lost = changes
            ? "It may have been carried out all the same: look with 'coordctl show ID' before you repeat it."
            : TryAgain;
        return exception switch
        {
            RpcException rpc => Of(rpc, address, lost),
            TimeoutException => Unavailable(
                null, $"{address} did not answer within {timeout.TotalSeconds:0.###} s.", $"Wait longer with --timeout. {lost}"),
            CoordinatorException { InnerException: RpcException rpc } => Of(rpc, address, lost),
            LogRefusedException { IsInUse: true } => Unavailable(
                null, exception.Message, "Stop the coordinator first. Of a running one, 'coordctl log backup FILE' makes a copy that can be looked at."),
            LogRefusedException => Refused(null, exception.Message, "See: coordctl log --help"),
            IOException or UnauthorizedAccessException => Refused(null, exception.Message, "Nothing was done."),
            CoordinatorUnavailableException => Unavailable(null, exception.Message, TryAgain),
            _ => null,
        };
    }

    private static Failure Of(RpcException failure, Uri address, string lost)
    {
        var detail = failure.Status.Detail;
        if (RpcFailure.WasNeverSent(failure))
        {
            return Unavailable(
                null,
                $"The coordinator at {address} cannot be reached: {detail}",
                $"Is it running, and is the address right? Set it with --coordinator or {GlobalOptions.AddressVariable}.");
        }

        RpcErrors.TryGetReason(failure, out var reason);
        var name = RpcErrors.TryGetErrorInfo(failure, out var info) ? info.Reason : null;
        return failure.StatusCode switch
        {
            // Without a reason it is not the coordinator's word but the connection's.
            StatusCode.Unavailable or StatusCode.ResourceExhausted when name is not null =>
                Unavailable(name, detail, HintFor(reason) ?? TryAgain),
            StatusCode.Unimplemented => Refused(
                name,
                $"{address} does not have this call: {detail}",
                "Is that a coordinator, and as new as this coordctl? 'coordctl status' tells its version."),
            StatusCode.Unauthenticated or StatusCode.PermissionDenied => Refused(
                name, detail, "The coordinator asks for rights that this call does not have."),
            _ when RpcFailure.IsRefusal(failure) => Refused(name, detail, HintFor(reason) ?? "See: coordctl --help"),
            _ => Unavailable(name, $"{address} gave no proper answer ({failure.StatusCode}): {detail}", lost),
        };
    }

    private static string? HintFor(Reason reason) => reason switch
    {
        Reason.TransactionNotFound =>
            "List what the coordinator knows with 'coordctl transactions', and check that it is the right coordinator.",
        Reason.ParticipantNotFound => "List the names with 'coordctl participants'.",
        Reason.NotInDoubt => "Nothing needs to be done; 'coordctl in-doubt' lists what does.",
        Reason.WrongState => "See how it stands with 'coordctl show ID'.",
        Reason.EpochFenced => "It was begun before the coordinator's restart; see how it ended with 'coordctl show ID'.",
        Reason.Malformed => "Correct the argument; 'coordctl COMMAND --help' tells its form.",
        Reason.Draining => $"The coordinator is starting or stopping. {TryAgain}",
        Reason.LogUnavailable => "Nothing is decided until the coordinator's log answers: look at the coordinator's own log.",
        _ => null,
    };

    private static Failure Refused(string? reason, string message, string hint) =>
        new(Cli.ExitCode.Failed, new ErrorDocument("refused", reason, message, hint));

    private static Failure Unavailable(string? reason, string message, string hint) =>
        new(Cli.ExitCode.Unavailable, new ErrorDocument("unavailable", reason, message, hint));
}
