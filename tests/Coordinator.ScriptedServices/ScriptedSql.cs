using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.ScriptedServices;

/// <summary>A participant's SQL service, by script.</summary>
public sealed class ScriptedSql : SqlService.SqlServiceBase
{
    public Script<ExecuteRequest, ExecuteResponse> Executed { get; } = new();

    /// <summary>The messages of one answer; a null cuts the connection.</summary>
    public Script<QueryRequest, IReadOnlyList<QueryResponse?>> Queried { get; } = new();

    public override Task<ExecuteResponse> Execute(ExecuteRequest request, ServerCallContext context) =>
        Executed.PlayAsync(request, context);

    public override async Task Query(
        QueryRequest request, IServerStreamWriter<QueryResponse> responseStream, ServerCallContext context)
    {
        foreach (var message in await Queried.PlayAsync(request, context))
        {
            if (message is null)
                await Loss.Kill.HappenAsync(context);
            await responseStream.WriteAsync(message!);
        }
    }
}
