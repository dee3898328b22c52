using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Participant.Attach;

/// <summary>Attaching will be refused again until somebody acts: it is tried again slowly.</summary>
internal sealed class AttachRefusedException(string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Says what to do where the coordinator's status is a refusal; null where trying again helps.</summary>
    public static AttachRefusedException? From(RpcException failure)
    {
        RpcErrors.TryGetReason(failure, out var reason);
        var advice = (reason, failure.StatusCode) switch
        {
            (Reason.ParticipantIdentityConflict, _) =>
                "The name is registered for another database. Attach under another name, connect to the registered "
                + "database, or remove the old registration with coordctl.",
            (Reason.Malformed, _) or (_, StatusCode.InvalidArgument) =>
                "The coordinator does not understand this participant: check that both are of one version.",
            (_, StatusCode.Unimplemented) => "The service at the coordinator's address is none: check the address.",
            (_, StatusCode.Unauthenticated or StatusCode.PermissionDenied) => "Check the credentials.",
            (_, StatusCode.FailedPrecondition) => "Check the coordinator's message.",
            _ => null,
        };
        return advice is null ? null : new AttachRefusedException($"{failure.Status.Detail} {advice}", failure);
    }
}
