using Coordinator.Contracts.V1;
using Coordinator.ScriptedServices;
using Coordinator.Testing;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Coordinator.Client.Tests;

/// <summary>The SQL service stands for an application's own: a unary method and a streaming one.</summary>
public class GrpcPropagationTests : ClientTest, IAsyncLifetime
{
    private readonly ScriptedSql _script = new();
    private LoopbackServer? _service;
    private GrpcChannel? _channel;
    private SqlService.SqlServiceClient? _stub;

    async Task IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        Coordinator.Committed.Answers(Answer(Outcome.Committed));
        _service = await LoopbackServer.StartAsync(_script);
        _channel = GrpcChannel.ForAddress(_service.Address);
        _stub = new SqlService.SqlServiceClient(_channel.Intercept(new GlobalTransactionInterceptor()));
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        _channel!.Dispose();
        await _service!.DisposeAsync();
        await DisposeAsync();
    }

    [Fact]
    public async Task Unary_InScope_CarriesTheIdAndCollectsHeadersAndTrailers()
    {
        _script.Executed.Then(async (_, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata { { PropagationHeaders.Branch, "inventory.4f7c01ab" } });
            context.ResponseTrailers.Add(PropagationHeaders.Branch, "payments.99aa88bb, inventory.4f7c01ab");
            return new ExecuteResponse { RowsAffected = 1 };
        });
        var mine = new Metadata { { "tenant", "7" } };
        await using var tx = await Client.BeginAsync();

        using (tx.MakeCurrent())
            await _stub!.ExecuteAsync(new ExecuteRequest(), mine);
        await tx.CommitAsync();

        var headers = Assert.Single(_script.Executed.Headers);
        Assert.Equal(ScriptedCoordinator.Id, headers.GetValue(PropagationHeaders.Transaction));
        Assert.Equal("7", headers.GetValue("tenant"));
        Assert.Single(mine);
        Assert.Equal(
            ["inventory.4f7c01ab", "payments.99aa88bb"], Assert.Single(Coordinator.Committed.Requests).Branches.Order());
    }

    /// <summary>As hosts register their clients: with gRPC's client factory.</summary>
    [Fact]
    public async Task Unary_OfAFactorysClient_CarriesTheId()
    {
        _script.Executed.Answers(new ExecuteResponse());
        var services = new ServiceCollection();
        services.AddGrpcClient<SqlService.SqlServiceClient>(options => options.Address = _service!.Address)
            .AddInterceptor(() => new GlobalTransactionInterceptor());
        await using var provider = services.BuildServiceProvider();
        await using var tx = await Client.BeginAsync();

        using (tx.MakeCurrent())
            await provider.GetRequiredService<SqlService.SqlServiceClient>().ExecuteAsync(new ExecuteRequest());

        Assert.Equal(ScriptedCoordinator.Id, Assert.Single(_script.Executed.Headers).GetValue(PropagationHeaders.Transaction));
    }

    [Fact]
    public async Task Unary_OutOfScope_PassesThrough()
    {
        _script.Executed.Answers(new ExecuteResponse());
        await _stub!.ExecuteAsync(new ExecuteRequest());
        _stub.Execute(new ExecuteRequest(), cancellationToken: default);
        Assert.All(_script.Executed.Headers, headers => Assert.Null(headers.Get(PropagationHeaders.Transaction)));
    }

    [Fact]
    public async Task Unary_Blocking_IsRefusedInScope()
    {
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
            Assert.Throws<NotSupportedException>(() => _stub!.Execute(new ExecuteRequest(), cancellationToken: default));
        Assert.Null(tx.RollbackOnlyReason);
    }

    [Theory]
    [InlineData("Kill")]
    [InlineData("Reset")]
    [InlineData("Exception")]
    public async Task Unary_AnswerLost_RollbackOnly(string loss)
    {
        _script.Executed.LosesAnswer(loss switch { "Kill" => Loss.Kill, "Reset" => Loss.Reset, _ => Loss.Exception });
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
            await Assert.ThrowsAsync<RpcException>(() => _stub!.ExecuteAsync(new ExecuteRequest()).ResponseAsync);
        Assert.NotNull(tx.RollbackOnlyReason);
        await Assert.ThrowsAsync<TransactionAbortedException>(() => tx.CommitAsync());
    }

    [Fact]
    public async Task Unary_ServiceFailsAndNamesItsBranch_WasAnswered()
    {
        _script.Executed.Fails(new RpcException(
            new Status(StatusCode.Internal, "mine"), new Metadata { { PropagationHeaders.Branch, "inventory.4f7c01ab" } }));
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
            await Assert.ThrowsAsync<RpcException>(() => _stub!.ExecuteAsync(new ExecuteRequest()).ResponseAsync);
        Assert.Null(tx.RollbackOnlyReason);
        Assert.Equal([Inventory], tx.Branches);
    }

    [Fact]
    public async Task Unary_ServiceRefuses_IsTheApplicationsToJudge()
    {
        _script.Executed.Fails(StatusCode.FailedPrecondition);
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
            await Assert.ThrowsAsync<RpcException>(() => _stub!.ExecuteAsync(new ExecuteRequest()).ResponseAsync);
        Assert.Null(tx.RollbackOnlyReason);
        await tx.CommitAsync();
    }

    [Fact]
    public async Task Unary_StillRuns_CommitIsMisuse()
    {
        _script.Executed.Hangs();
        await using var tx = await Client.BeginAsync();
        using var scope = tx.MakeCurrent();
        using (var call = _stub!.ExecuteAsync(new ExecuteRequest()))
            await Assert.ThrowsAsync<InvalidOperationException>(() => tx.CommitAsync());
        await Eventually.AssertAsync(() => tx.RollbackOnlyReason is not null, Limit, "the disposed call counts as lost");
    }

    [Fact]
    public async Task Stream_ReadToTheEnd_CollectsTrailers()
    {
        _script.Queried.Then((_, context) =>
        {
            context.ResponseTrailers.Add(PropagationHeaders.Branch, "payments.99aa88bb");
            return Task.FromResult<IReadOnlyList<QueryResponse?>>([new QueryResponse()]);
        });
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
        {
            using var call = _stub!.Query(new QueryRequest());
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
                Assert.Empty(tx.Branches);
        }

        Assert.Equal([Payments], tx.Branches);
        Assert.Null(tx.RollbackOnlyReason);
    }

    [Fact]
    public async Task Stream_DisposedEarly_RollbackOnly()
    {
        _script.Queried.Answers([new QueryResponse(), new QueryResponse()]);
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
        {
            using var call = _stub!.Query(new QueryRequest());
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        }

        Assert.Contains("before its end", tx.RollbackOnlyReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_Cut_RollbackOnly()
    {
        _script.Queried.Answers([new QueryResponse(), null]);
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
        {
            using var call = _stub!.Query(new QueryRequest());
            await Assert.ThrowsAsync<RpcException>(async () =>
            {
                while (await call.ResponseStream.MoveNext(CancellationToken.None)) { }
            });
        }

        Assert.Contains("lost", tx.RollbackOnlyReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_MetadataSetByHand_IsMisuse()
    {
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
        {
            Assert.Throws<InvalidOperationException>(
                () => { _stub!.ExecuteAsync(new ExecuteRequest(), new Metadata { { PropagationHeaders.Transaction, "x" } }); });
        }

        Assert.Null(tx.RollbackOnlyReason);
        await tx.CommitAsync();
    }
}
