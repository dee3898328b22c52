using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.ScriptedServices;

/// <summary>The coordinator's service for operators, by script.</summary>
public sealed class ScriptedOperators : OperatorService.OperatorServiceBase
{
    public Script<GetStatusRequest, GetStatusResponse> Status { get; } = new();

    public Script<ListTransactionsRequest, ListTransactionsResponse> Transactions { get; } = new();

    public Script<ShowTransactionRequest, ShowTransactionResponse> Shown { get; } = new();

    public Script<ListInDoubtRequest, ListInDoubtResponse> InDoubt { get; } = new();

    public Script<ResolveRequest, ResolveResponse> Resolved { get; } = new();

    public Script<ForgetRequest, ForgetResponse> Forgotten { get; } = new();

    public Script<ListParticipantsRequest, ListParticipantsResponse> Participants { get; } = new();

    public Script<RemoveParticipantRequest, RemoveParticipantResponse> Removed { get; } = new();

    /// <summary>The messages of one stream.</summary>
    public Script<BackupLogRequest, IReadOnlyList<BackupLogResponse>> Backup { get; } = new();

    public override Task<GetStatusResponse> GetStatus(GetStatusRequest request, ServerCallContext context) =>
        Status.PlayAsync(request, context);

    public override Task<ListTransactionsResponse> ListTransactions(ListTransactionsRequest request, ServerCallContext context) =>
        Transactions.PlayAsync(request, context);

    public override Task<ShowTransactionResponse> ShowTransaction(ShowTransactionRequest request, ServerCallContext context) =>
        Shown.PlayAsync(request, context);

    public override Task<ListInDoubtResponse> ListInDoubt(ListInDoubtRequest request, ServerCallContext context) =>
        InDoubt.PlayAsync(request, context);

    public override Task<ResolveResponse> Resolve(ResolveRequest request, ServerCallContext context) =>
        Resolved.PlayAsync(request, context);

    public override Task<ForgetResponse> Forget(ForgetRequest request, ServerCallContext context) =>
        Forgotten.PlayAsync(request, context);

    public override Task<ListParticipantsResponse> ListParticipants(ListParticipantsRequest request, ServerCallContext context) =>
        Participants.PlayAsync(request, context);

    public override Task<RemoveParticipantResponse> RemoveParticipant(RemoveParticipantRequest request, ServerCallContext context) =>
        Removed.PlayAsync(request, context);

    public override async Task BackupLog(BackupLogRequest request, IServerStreamWriter<BackupLogResponse> responseStream, ServerCallContext context)
    {
        foreach (var part in await Backup.PlayAsync(request, context))
            await responseStream.WriteAsync(part);
    }
}
