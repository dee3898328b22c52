using System.Net;
using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Participant.Context;
using Coordinator.Participant.Tests.Fakes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.Participant.Tests.Context;

/// <summary>A service with two participants, over HTTP and gRPC.</summary>
public sealed class TransactionContextTests : IAsyncLifetime
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);

    private readonly FakeResourceManager _stock = new();
    private readonly FakeResourceManager _prices = new();
    private readonly HttpClient _http = new();
    private FakeCoordinator _coordinator = null!;
    private WebApplication _app = null!;
    private string[] _addresses = [];

    public async Task InitializeAsync()
    {
        _coordinator = await FakeCoordinator.StartAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc(grpc => grpc.Interceptors.Add<TransactionInterceptor>());
        builder.Services.AddCoordinatorParticipant("stock", _coordinator.Address, _ => _stock, Configure);
        builder.Services.AddCoordinatorParticipant("prices", _coordinator.Address, _ => _prices, Configure);
        builder.Services.AddSingleton<StockService>();
        _app = builder.Build();
        _app.UseCoordinatorTransactions();
        _app.MapGet("/work", async (HttpContext context, IServiceProvider services, string? participants) =>
        {
            foreach (var name in participants?.Split(',') ?? [])
                await WorkAsync(services, name);
            return TransactionContext.Current?.Transaction.Value ?? "none";
        });
        _app.MapGet("/late", async (HttpContext context, IServiceProvider services) =>
        {
            await WorkAsync(services, "stock");
            await context.Response.WriteAsync("started");
            await context.Response.Body.FlushAsync();
            await WorkAsync(services, "prices");
        });
        _app.MapGrpcService<StockService>();
        await _app.StartAsync();
        _addresses = [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        foreach (var name in new[] { "stock", "prices" })
            await _app.Services.GetRequiredKeyedService<ICoordinatorParticipant>(name).WhenAttachedAsync(default).WaitAsync(_limit);
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _coordinator.DisposeAsync();
    }

    [Fact]
    public async Task Http_Work_NamesEachBranchOnce()
    {
        var transaction = Ids.NewTransaction();

        var response = await GetAsync(_addresses[0], "/work?participants=stock,prices,stock", transaction.Value);

        Assert.Equal(transaction.Value, await response.Content.ReadAsStringAsync());
        Assert.Equal(["prices", "stock"], Participants(response.Headers.GetValues("coordinator-branch")));
    }

    [Fact]
    public async Task Http_WithoutTransaction_HasNoContext()
    {
        var response = await GetAsync(_addresses[0], "/work", transaction: null);

        Assert.Equal("none", await response.Content.ReadAsStringAsync());
        Assert.False(response.Headers.Contains("coordinator-branch"));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef, k7q2m9xa-12x9f8e7d6c-46-0123456789abcdef")]
    public async Task Http_MalformedTransaction_IsRefused(string header) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await GetAsync(_addresses[0], "/work", header)).StatusCode);

    [Fact]
    public async Task Http_WorkAfterTheResponseStarted_IsNamedInTheTrailer()
    {
        var response = await GetAsync(_addresses[1], "/late", Ids.NewTransaction().Value);
        await response.Content.ReadAsStringAsync();

        Assert.Equal(["stock"], Participants(response.Headers.GetValues("coordinator-branch")));
        Assert.Equal(["prices"], Participants(response.TrailingHeaders.GetValues("coordinator-branch")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("fail")]
    public async Task Grpc_Work_IsNamedInTheTrailers_AlsoOnFailure(string sql)
    {
        using var channel = GrpcChannel.ForAddress(_addresses[1]);
        var call = new SqlService.SqlServiceClient(channel).ExecuteAsync(
            new ExecuteRequest { Sql = sql },
            new Metadata { { "coordinator-transaction", Ids.NewTransaction().Value } });

        await Record.ExceptionAsync(() => call.ResponseAsync);

        Assert.Equal(["stock"], Participants(call.GetTrailers().GetAll("coordinator-branch").Select(entry => entry.Value)));
    }

    [Fact]
    public async Task Grpc_MalformedTransaction_IsRefused()
    {
        using var channel = GrpcChannel.ForAddress(_addresses[1]);

        var failure = await Assert.ThrowsAsync<RpcException>(() => new SqlService.SqlServiceClient(channel).ExecuteAsync(
            new ExecuteRequest(), new Metadata { { "coordinator-transaction", "x" } }).ResponseAsync);

        Assert.True(RpcErrors.TryGetReason(failure, out var reason));
        Assert.Equal(Reason.Malformed, reason);
    }

    [Fact]
    public void Participants_OfOneProcess_AreKeyedByName()
    {
        var stock = _app.Services.GetRequiredKeyedService<ICoordinatorParticipant>("stock");
        var prices = _app.Services.GetRequiredKeyedService<ICoordinatorParticipant>("prices");

        Assert.Equal(("stock", "prices"), (stock.Branch.Participant, prices.Branch.Participant));
        Assert.Same(stock, _app.Services.GetRequiredService<ICoordinatorParticipant>());
    }

    private static void Configure(ParticipantOptions options) => options.DrainLimit = TimeSpan.FromMilliseconds(100);

    private static async Task WorkAsync(IServiceProvider services, string participant)
    {
        var keyed = services.GetRequiredKeyedService<ICoordinatorParticipant>(participant);
        await using var work = await keyed.EnlistAsync(TransactionContext.Current!.Transaction, default);
    }

    private static IEnumerable<string> Participants(IEnumerable<string> headers) => headers
        .SelectMany(header => header.Split(','))
        .Select(branch => BranchName.Parse(branch).Participant)
        .Order();

    private async Task<HttpResponseMessage> GetAsync(string address, string path, string? transaction)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address + path);
        if (address == _addresses[1])
            (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        if (transaction is not null)
            request.Headers.Add("coordinator-transaction", transaction);
        return await _http.SendAsync(request);
    }

    // Any generated service serves to try the interceptor.
    private sealed class StockService(IServiceProvider services) : SqlService.SqlServiceBase
    {
        public override async Task<ExecuteResponse> Execute(ExecuteRequest request, ServerCallContext context)
        {
            await WorkAsync(services, "stock");
            return request.Sql == "fail"
                ? throw RpcErrors.Create(StatusCode.FailedPrecondition, Reason.StatementFailed, "As asked.")
                : new ExecuteResponse();
        }
    }
}
