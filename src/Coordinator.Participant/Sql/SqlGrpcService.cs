using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Hosting;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Participant.Sql;

/// <summary>SQL in a branch, for any language: see sql.proto.</summary>
internal sealed class SqlGrpcService(
    ICoordinatorParticipant participant, StatementRunner runner, ParticipantOptions options, ILogger<SqlGrpcService> logger)
    : SqlService.SqlServiceBase
{
    public override async Task<ExecuteResponse> Execute(ExecuteRequest request, ServerCallContext context)
    {
        ErrorDetailsMiddleware.MarkReached(context);
        try
        {
            var kind = Kind();
            var statement = Statement.Parse(request.TransactionId, request.Sql, request.Parameters, kind, options);
            var (rows, branch) = await runner.ExecuteAsync(statement, kind, context.CancellationToken);
            return new ExecuteResponse { RowsAffected = rows, Branch = branch.ToString() };
        }
        catch (Exception failure)
        {
            throw StatusOf(failure, request.TransactionId);
        }
    }

    public override async Task Query(
        QueryRequest request, IServerStreamWriter<QueryResponse> responseStream, ServerCallContext context)
    {
        ErrorDetailsMiddleware.MarkReached(context);
        try
        {
            var kind = Kind();
            var statement = Statement.Parse(request.TransactionId, request.Sql, request.Parameters, kind, options);
            await runner.QueryAsync(statement, kind, responseStream.WriteAsync, context.CancellationToken);
        }
        catch (Exception failure)
        {
            throw StatusOf(failure, request.TransactionId);
        }
    }

    private ResourceKind Kind() => participant.Resource?.Identity.Kind
        ?? throw new ParticipantUnavailableException($"Participant {participant.Branch} has not reached its database yet.");

    // The RPC's edge: everything leaves as a status.
    private RpcException StatusOf(Exception failure, string transaction)
    {
        if (SqlErrors.From(failure, transaction) is { } status)
            return status;
        Log.StatementBroke(logger, failure.GetType().Name, transaction);
        return RpcErrors.Create(
            StatusCode.FailedPrecondition, Reason.StatementFailed, $"The statement failed: {failure.GetType().Name}.", ("transaction_id", transaction));
    }
}
