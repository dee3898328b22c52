using Coordinator.Contracts.V1;
using Coordinator.ScriptedServices;
using Coordinator.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Coordinator.Client.Tests;

public class HttpPropagationTests : ClientTest, IAsyncLifetime
{
    private readonly List<string?> _seen = [];
    private RequestDelegate _endpoint = _ => Task.CompletedTask;
    private LoopbackServer? _service;
    private HttpClient? _http;

    async Task IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        Coordinator.Committed.Answers(Answer(Outcome.Committed));
        _service = await LoopbackServer.StartAsync(
            _ => { },
            app => app.Run(context =>
            {
                _seen.Add(context.Request.Headers[PropagationHeaders.Transaction]);
                return _endpoint(context);
            }),
            protocols: HttpProtocols.Http1);
        _http = CreateHttpClient(_service.Address);
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        _http!.Dispose();
        await _service!.DisposeAsync();
        await DisposeAsync();
    }

    [Fact]
    public async Task Send_InScope_CarriesTheIdAndCollectsBranches()
    {
        _endpoint = context =>
        {
            context.Response.Headers.Append(PropagationHeaders.Branch, "inventory.4f7c01ab, payments.99aa88bb");
            context.Response.Headers.Append(PropagationHeaders.Branch, "inventory.4f7c01ab");
            return context.Response.WriteAsync("done");
        };
        await using var tx = await Client.BeginAsync();

        using (tx.MakeCurrent())
            Assert.Equal("done", await _http!.GetStringAsync("/reserve"));
        await tx.CommitAsync();

        Assert.Equal([ScriptedCoordinator.Id], _seen);
        Assert.Equal(
            ["inventory.4f7c01ab", "payments.99aa88bb"], Assert.Single(Coordinator.Committed.Requests).Branches.Order());
    }

    [Fact]
    public async Task Send_OutOfScope_PassesThrough()
    {
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
        {
            Assert.Same(tx, GlobalTransaction.Current);
        }

        Assert.Null(GlobalTransaction.Current);
        (await _http!.GetAsync("/")).Dispose();
        Assert.Equal([null], _seen);
    }

    [Fact]
    public async Task MakeCurrent_Nested_RestoresTheOuterOne()
    {
        await using var outer = await Client.BeginAsync();
        await using var inner = await Client.BeginAsync();
        using (outer.MakeCurrent())
        {
            using (var scope = inner.MakeCurrent())
            {
                Assert.Same(inner, await Task.Run(() => GlobalTransaction.Current));
                scope.Dispose();
                Assert.Same(outer, GlobalTransaction.Current);
            }

            Assert.Same(outer, GlobalTransaction.Current);
        }
    }

    [Fact]
    public async Task Send_ConnectionCut_RollbackOnly()
    {
        _endpoint = context =>
        {
            context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
            return Task.CompletedTask;
        };
        await RequireRollbackOnlyAsync<HttpRequestException>();
    }

    [Fact]
    public async Task Send_BodyCutShort_RollbackOnlyWithTheBranch()
    {
        _endpoint = context =>
        {
            context.Response.Headers[PropagationHeaders.Branch] = "inventory.4f7c01ab";
            // Kestrel sends what there is and closes the connection.
            context.Response.ContentLength = 100;
            return context.Response.WriteAsync("half of");
        };
        Assert.Equal([Inventory], (await RequireRollbackOnlyAsync<HttpRequestException>()).Branches);
    }

    [Fact]
    public async Task Send_AnswerTooLarge_RollbackOnly()
    {
        _endpoint = context => context.Response.WriteAsync(new string('x', 1_001));
        await RequireRollbackOnlyAsync<HttpRequestException>();
    }

    [Fact]
    public async Task Send_Canceled_RollbackOnly()
    {
        using var canceled = new CancellationTokenSource();
        _endpoint = context => Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
        {
            var call = _http!.GetAsync("/", canceled.Token);
            await Eventually.AssertAsync(() => _seen.Count == 1, Limit, "the request has arrived");
            await Assert.ThrowsAsync<InvalidOperationException>(() => tx.CommitAsync());
            await canceled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }

        Assert.NotNull(tx.RollbackOnlyReason);
    }

    [Theory]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task Send_GatewayAnswers_RollbackOnlyUnlessABranchIsNamed(int status)
    {
        _endpoint = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
            (await _http!.GetAsync("/")).Dispose();
        Assert.NotNull(tx.RollbackOnlyReason);

        await using var other = await Client.BeginAsync();
        _endpoint = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers[PropagationHeaders.Branch] = "inventory.4f7c01ab";
            return Task.CompletedTask;
        };
        using (other.MakeCurrent())
            (await _http!.GetAsync("/")).Dispose();
        Assert.Null(other.RollbackOnlyReason);
    }

    [Fact]
    public async Task Send_ServiceReportsAnError_IsTheApplicationsToJudge()
    {
        _endpoint = context =>
        {
            context.Response.StatusCode = 409;
            return Task.CompletedTask;
        };
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
            (await _http!.GetAsync("/")).Dispose();
        Assert.Null(tx.RollbackOnlyReason);
    }

    [Theory]
    [InlineData("Inventory.4f7c01ab")]
    [InlineData("inventory")]
    public async Task Send_MalformedBranch_RollbackOnly(string branch)
    {
        _endpoint = context =>
        {
            context.Response.Headers[PropagationHeaders.Branch] = branch;
            return Task.CompletedTask;
        };
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
            (await _http!.GetAsync("/")).Dispose();
        Assert.Contains("cannot be read", tx.RollbackOnlyReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_HeaderSetByHand_IsMisuse()
    {
        await using var tx = await Client.BeginAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Add(PropagationHeaders.Transaction, "another");
        using (tx.MakeCurrent())
            await Assert.ThrowsAsync<InvalidOperationException>(() => _http!.SendAsync(request));
        Assert.Empty(_seen);
    }

    [Fact]
    public async Task Send_TransactionOver_IsMisuse()
    {
        await using var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
        {
            await tx.CommitAsync();
            await Assert.ThrowsAsync<InvalidOperationException>(() => _http!.GetAsync("/"));
        }

        Assert.Empty(_seen);
    }

    private static HttpClient CreateHttpClient(Uri address) =>
        new(new GlobalTransactionHandler(new SocketsHttpHandler()) { MaxAnswerBytes = 1_000 }) { BaseAddress = address };

    private async Task<GlobalTransaction> RequireRollbackOnlyAsync<T>()
        where T : Exception
    {
        var tx = await Client.BeginAsync();
        using (tx.MakeCurrent())
            await Assert.ThrowsAnyAsync<T>(() => _http!.GetAsync("/"));
        Assert.NotNull(tx.RollbackOnlyReason);
        await Assert.ThrowsAsync<TransactionAbortedException>(() => tx.CommitAsync());
        Assert.Empty(Coordinator.Committed.Requests);
        return tx;
    }
}
