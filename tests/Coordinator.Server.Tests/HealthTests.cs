using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using HealthOf = Grpc.Health.V1.Health;
using Serving = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Coordinator.Server.Tests;

/// <summary>The standard services beside ours: <c>grpc.health.v1</c> and server reflection.</summary>
public sealed class HealthTests
{
    [Theory]
    [InlineData("")]
    [InlineData("coordinator.v1.TransactionService")]
    [InlineData("coordinator.v1.OperatorService")]
    [InlineData("coordinator.v1.ParticipantService")]
    [InlineData("coordinator.v1.InitiatorService")]
    public async Task Check_EachService_IsServing(string service)
    {
        await using var server = await TestServer.StartAsync();

        var answer = await new HealthOf.HealthClient(server.Invoker).CheckAsync(new HealthCheckRequest { Service = service });

        Assert.Equal(Serving.Serving, answer.Status);
    }

    [Fact]
    public async Task Check_NoSuchService_IsNotFound()
    {
        await using var server = await TestServer.StartAsync();

        var failure = await TestServer.FailureOfAsync(async () =>
            await new HealthOf.HealthClient(server.Invoker).CheckAsync(new HealthCheckRequest { Service = "coordinator.v1.None" }));

        Assert.Equal(StatusCode.NotFound, failure.Status);
    }

    [Fact]
    public async Task Check_LogDoesNotAnswer_IsNotServing()
    {
        var log = new FailingLog();
        await using var server = await TestServer.StartAsync(log: log);
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, "inventory.4f7c01ab");
        await orders.EnlistAsync(id, "orders.aaaa1111");
        log.Fails = true;
        var commit = server.Transactions.CommitAsync(
            new CommitRequest { TransactionId = id, Branches = { "inventory.4f7c01ab", "orders.aaaa1111" }, Return = CommitReturn.Decided });

        var health = new HealthOf.HealthClient(server.Invoker);
        await Eventually.AssertAsync(
            async () => (await health.CheckAsync(new HealthCheckRequest())).Status == Serving.NotServing, TestServer.Limit, "not serving");
        log.Fails = false;
        await Eventually.AssertAsync(
            async () => (await health.CheckAsync(new HealthCheckRequest())).Status == Serving.Serving, TestServer.Limit, "serving again");
        await Record.ExceptionAsync(async () => await commit);
    }

    // Scenario: somebody watches while the server stops. Expected: "not serving" is the last that is seen, the call ends
    // well, and the stop does not wait for it.
    [Fact]
    public async Task Watch_ServerStops_EndsWithNotServing()
    {
        await using var server = await TestServer.StartAsync(options => options with { CloseLimit = TimeSpan.FromMinutes(1) });
        using var watch = new HealthOf.HealthClient(server.Invoker).Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext(default).WaitAsync(TestServer.Limit));
        Assert.Equal(Serving.Serving, watch.ResponseStream.Current.Status);

        var stopping = server.Server.StopAsync();

        var last = Serving.Unknown;
        while (await watch.ResponseStream.MoveNext(default).WaitAsync(TestServer.Limit))
            last = watch.ResponseStream.Current.Status;
        Assert.Equal(Serving.NotServing, last);
        await stopping.WaitAsync(TestServer.Limit);
    }

    [Fact]
    public async Task Reflection_AskedFor_ListsTheServicesAndTheirFiles()
    {
        await using var server = await TestServer.StartAsync(options => options with { Reflection = true });
        using var call = new ServerReflection.ServerReflectionClient(server.Invoker).ServerReflectionInfo();

        var services = await AskAsync(call, new ServerReflectionRequest { ListServices = "" });
        var file = await AskAsync(call, new ServerReflectionRequest { FileContainingSymbol = "coordinator.v1.TransactionService" });

        var names = services.ListServicesResponse.Service.Select(service => service.Name).ToList();
        Assert.Contains("coordinator.v1.TransactionService", names);
        Assert.Contains("coordinator.v1.OperatorService", names);
        Assert.Contains("grpc.health.v1.Health", names);
        Assert.NotEmpty(file.FileDescriptorResponse.FileDescriptorProto);
        await call.RequestStream.CompleteAsync();
    }

    [Fact]
    public async Task Reflection_NotAskedFor_IsUnimplemented()
    {
        await using var server = await TestServer.StartAsync();
        using var call = new ServerReflection.ServerReflectionClient(server.Invoker).ServerReflectionInfo();

        var failure = await TestServer.FailureOfAsync(() => AskAsync(call, new ServerReflectionRequest { ListServices = "" }));

        Assert.Equal(StatusCode.Unimplemented, failure.Status);
    }

    private static async Task<ServerReflectionResponse> AskAsync(
        AsyncDuplexStreamingCall<ServerReflectionRequest, ServerReflectionResponse> call, ServerReflectionRequest request)
    {
        await call.RequestStream.WriteAsync(request);
        Assert.True(await call.ResponseStream.MoveNext(default).WaitAsync(TestServer.Limit));
        return call.ResponseStream.Current;
    }
}
