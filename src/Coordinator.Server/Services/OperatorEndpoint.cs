using System.Reflection;
using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Grpc.Core;
using Outcome = Coordinator.Contracts.V1.Outcome;

namespace Coordinator.Server;

/// <summary>OperatorService over the engine's desk.</summary>
internal sealed class OperatorEndpoint(TransactionCoordinator coordinator, LogBackups backups, ServerOptions options, ServerClock clock)
    : OperatorService.OperatorServiceBase
{
    private static readonly string Version = typeof(OperatorEndpoint).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public override Task<GetStatusResponse> GetStatus(GetStatusRequest request, ServerCallContext context)
    {
        var desk = coordinator.Operators;
        var participants = desk.Participants();
        var statistics = desk.LogStatistics;
        var (health, detail) = Health.Of(coordinator);
        var response = new GetStatusResponse
        {
            Cluster = coordinator.Cluster.Value,
            Epoch = coordinator.Epoch.ToString(),
            Health = health,
            Detail = detail,
            StartedAt = clock.StartedAt.ToMessage(),
            Version = Version,
            LogPosition = desk.LogPosition,
            Begun = coordinator.Metrics.Begun,
            Committed = coordinator.Metrics.Committed,
            Aborted = coordinator.Metrics.Aborted,
            Heuristic = coordinator.Metrics.HeuristicBranches,
            ParticipantsAttached = participants.Count(participant => participant.Instances.Count > 0),
            ParticipantsRegistered = participants.Count,
            LogForcedWrites = statistics.ForcedWrites,
            LogRecords = statistics.Records,
        };
        foreach (var (state, count) in desk.CountOpen())
            response.OpenTransactions[state.ToString()] = count;
        return Task.FromResult(response);
    }

    public override Task<ListTransactionsResponse> ListTransactions(ListTransactionsRequest request, ServerCallContext context)
    {
        if (request.Limit < 0 || request.Limit > options.MaxPageSize)
            throw new MalformedException("limit", $"must be 0 to {options.MaxPageSize}.");
        var limit = request.Limit > 0 ? request.Limit : options.DefaultPageSize;
        var states = request.States.Select(state => (Engine.TransactionState)state).ToHashSet();
        if (states.Any(state => !Enum.IsDefined(state)))
            throw new MalformedException("states", "must be states of a transaction.");
        var page = coordinator.Operators.List()
            .Where(view => states.Count == 0 || states.Contains(view.State)).Take(limit + 1).ToList();
        var response = new ListTransactionsResponse { More = page.Count > limit };
        response.Transactions.AddRange(page.Take(limit).Select(Views.ToMessage));
        return Task.FromResult(response);
    }

    public override async Task<ShowTransactionResponse> ShowTransaction(ShowTransactionRequest request, ServerCallContext context)
    {
        var (view, heuristics) = await coordinator.Operators.ShowAsync(Fields.TransactionId(request.TransactionId));
        var response = new ShowTransactionResponse { Transaction = view.ToMessage() };
        response.Heuristics.AddRange(heuristics.Select(Views.ToMessage));
        return response;
    }

    public override async Task<ListInDoubtResponse> ListInDoubt(ListInDoubtRequest request, ServerCallContext context)
    {
        if (request.PageSize < 0 || request.PageSize > options.MaxPageSize)
            throw new MalformedException("page_size", $"must be 0 to {options.MaxPageSize}.");
        var size = request.PageSize > 0 ? request.PageSize : options.DefaultPageSize;
        var token = InDoubtToken.Parse(request.PageToken);
        return InDoubtPage.From(await coordinator.Operators.ReconcileAsync(token.FromParticipant), token, size);
    }

    public override async Task<ResolveResponse> Resolve(ResolveRequest request, ServerCallContext context)
    {
        var id = Fields.TransactionId(request.TransactionId);
        var decision = request.Action switch
        {
            ResolveRequest.Types.Action.Commit => Decision.Commit,
            ResolveRequest.Types.Action.Rollback => Decision.Abort,
            _ => throw new MalformedException("action", "must be ACTION_COMMIT or ACTION_ROLLBACK."),
        };
        var desk = coordinator.Operators;
        var response = new ResolveResponse();
        if (request.Branch.Length == 0)
        {
            var view = await desk.ResolveAsync(id, decision, request.Reason);
            response.Outcome = (Outcome)view.Outcome;
            response.Branches.AddRange(view.Branches.Select(Views.ToMessage));
            return response;
        }

        var branch = await desk.ResolveBranchAsync(new BranchId(id, Fields.Branch(request.Branch)), decision, request.Reason);
        response.Branches.Add(branch.ToMessage());
        response.Outcome = (Outcome)await desk.OutcomeOfAsync(id);
        return response;
    }

    public override async Task<ForgetResponse> Forget(ForgetRequest request, ServerCallContext context) => new()
    {
        Forgotten = await coordinator.Operators.ForgetAsync(Fields.TransactionId(request.TransactionId), request.Reason),
    };

    public override Task<ListParticipantsResponse> ListParticipants(ListParticipantsRequest request, ServerCallContext context)
    {
        var response = new ListParticipantsResponse();
        response.Participants.AddRange(coordinator.Operators.Participants().Select(Views.ToMessage));
        return Task.FromResult(response);
    }

    public override async Task<RemoveParticipantResponse> RemoveParticipant(RemoveParticipantRequest request, ServerCallContext context)
    {
        if (!BranchName.IsParticipant(request.Name))
            throw new MalformedException("name", Registration.NameGrammar);
        return new RemoveParticipantResponse { AbandonedBranches = await coordinator.Operators.RemoveParticipantAsync(request.Name, request.Reason) };
    }

    public override Task BackupLog(BackupLogRequest request, IServerStreamWriter<BackupLogResponse> responseStream, ServerCallContext context) =>
        backups.SendAsync(responseStream, context.CancellationToken);
}
