using Coordinator.Engine;
using Google.Protobuf.WellKnownTypes;
using V1 = Coordinator.Contracts.V1;

namespace Coordinator.Server;

/// <summary>The engine's views as messages. The engine's enums have the protos' numbers.</summary>
internal static class Views
{
    public static V1.Transaction ToMessage(this TransactionView view)
    {
        var message = new V1.Transaction
        {
            TransactionId = view.Id.Value,
            Name = view.Name,
            State = (V1.TransactionState)view.State,
            Outcome = (V1.Outcome)view.Outcome,
            Reason = view.Reason ?? "",
            // Without a record nobody knows when it began.
            BegunAt = view.BegunAt > DateTimeOffset.UnixEpoch ? view.BegunAt.ToMessage() : null,
            Deadline = view.State is TransactionState.Active or TransactionState.Preparing ? view.Deadline?.ToMessage() : null,
        };
        message.Branches.AddRange(view.Branches.Select(ToMessage));
        return message;
    }

    public static V1.Branch ToMessage(this BranchView branch) => new()
    {
        Name = branch.Name.ToString(),
        State = (V1.BranchState)branch.State,
        Detail = branch.Detail ?? "",
        Attempts = branch.Attempts,
        NextAttemptAt = branch.NextAttemptAt?.ToMessage(),
    };

    public static V1.Heuristic ToMessage(this HeuristicRecord heuristic) => new()
    {
        TransactionId = heuristic.Branch.Transaction.Value,
        Branch = heuristic.Branch.Branch.ToString(),
        Decided = heuristic.Decided == Decision.Commit ? "COMMIT" : "ABORT",
        Found = heuristic.Found switch
        {
            BranchOutcome.Committed => "COMMITTED",
            BranchOutcome.RolledBack => "ROLLED_BACK",
            _ => "UNKNOWN",
        },
        Detail = heuristic.Detail,
        At = heuristic.At.ToMessage(),
    };

    public static V1.InDoubtBranch ToMessage(this InDoubtBranch branch) => new()
    {
        Participant = branch.Participant,
        Raw = branch.Plan.Prepared.Raw,
        TransactionId = branch.Plan.Prepared.Id?.Transaction.Value ?? "",
        Branch = branch.Plan.Prepared.Id?.Branch.ToString() ?? "",
        Kind = (V1.InDoubtKind)branch.Kind,
        WhatHappens = branch.WhatHappens,
        PreparedAt = branch.Plan.Prepared.PreparedAt?.ToMessage(),
        NextAt = branch.NextAt?.ToMessage(),
        KnownSince = branch.KnownSince?.ToMessage(),
        Settle = branch.Settle ?? "",
    };

    public static V1.Participant ToMessage(this ParticipantView view)
    {
        var message = new V1.Participant
        {
            Name = view.Record.Name,
            Resource = view.Record.Resource.ToMessage(),
            RegisteredAt = view.Record.At.ToMessage(),
            LastScanAt = view.LastScanAt?.ToMessage(),
            LastScanError = view.LastScanError ?? "",
            Undelivered = view.Undelivered,
            OpenBranches = view.OpenBranches,
        };
        message.Instances.AddRange(view.Instances.Select(instance => new V1.Instance
        {
            Instance_ = instance.Participant.Instance,
            AttachedAt = instance.AttachedAt.ToMessage(),
            SqlAddress = (instance.Participant as AttachedParticipant)?.SqlAddress ?? "",
            ServerVersion = instance.Participant.Resource.ServerVersion,
        }));
        return message;
    }

    public static Timestamp ToMessage(this DateTimeOffset at) => Timestamp.FromDateTimeOffset(at);

    private static V1.ResourceIdentity ToMessage(this ResourceIdentity identity) => new()
    {
        Kind = (V1.ResourceKind)identity.Kind,
        Server = identity.Server,
        Database = identity.Database,
        Row = identity.Row,
    };
}
