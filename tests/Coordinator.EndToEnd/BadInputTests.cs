using Coordinator.Client;
using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.EndToEnd;

/// <summary>Bad input against the real processes: a clear error with the right status, and nothing harmed.</summary>
public sealed class BadInputTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private Shop _shop = null!;
    private CoordinatorClient _client = null!;

    private TransactionService.TransactionServiceClient Transactions => new(_client.CallInvoker);

    public async Task InitializeAsync()
    {
        _shop = await Shop.StartAsync();
        _client = _shop.Connect();
    }

    public async Task DisposeAsync()
    {
        await _shop.AssertAgreementAsync();
        _client.Dispose();
        await _shop.DisposeAsync();
    }

    [Theory]
    [InlineData("", StatusCode.InvalidArgument, Reason.Malformed)]
    [InlineData("'; DROP TABLE orders; --", StatusCode.InvalidArgument, Reason.Malformed)]
    [InlineData("zzzzzzzz-1x00000000-1-0000000000000000", StatusCode.NotFound, Reason.TransactionNotFound)]
    public async Task Get_BadId_IsRefusedClearly(string id, StatusCode status, Reason reason)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => Transactions.GetAsync(new GetRequest { TransactionId = id }).ResponseAsync);

        Assert.Equal(status, failure.StatusCode);
        AssertReason(reason, failure);
    }

    [Fact]
    public async Task Rollback_OfACommittedTransaction_IsAWrongState()
    {
        await using var transaction = await _shop.WorkAsync(_client);
        await transaction.CommitAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(
            () => Transactions.RollbackAsync(new RollbackRequest { TransactionId = transaction.Id.Value }).ResponseAsync);

        Assert.Equal(StatusCode.FailedPrecondition, failure.StatusCode);
        AssertReason(Reason.WrongState, failure);
    }

    [Fact]
    public async Task Begin_OversizedMessage_IsRefusedAndTheServiceGoesOn()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(
            () => Transactions.BeginAsync(new BeginRequest { Name = new string('x', 5 * 1024 * 1024) }).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        await using var transaction = await _shop.WorkAsync(_client);
        await transaction.CommitAsync();
    }

    [Fact]
    public async Task Statement_ThatFails_PoisonsTheBranchAndNamesTheCode()
    {
        await using var transaction = await _shop.WorkAsync(_client);

        var failure = await Assert.ThrowsAsync<SqlStatementException>(
            () => transaction.Sql(_shop.Orders).ExecuteAsync("INSERT INTO nowhere VALUES (1)"));

        Assert.Equal("42P01", failure.SqlState);
    }

    [Fact]
    public async Task Statement_ThatEndsTheTransaction_IsRefused()
    {
        await using var transaction = await _shop.WorkAsync(_client);

        await Assert.ThrowsAsync<ArgumentException>(() => transaction.Sql(_shop.Orders).ExecuteAsync("COMMIT"));
        await Assert.ThrowsAsync<ArgumentException>(() => transaction.Sql(_shop.Inventory).ExecuteAsync("COMMIT"));

        await transaction.RollbackAsync();
        await _shop.AssertAgreementAsync(expectedOrders: 0);
    }

    [Fact]
    public async Task Coordctl_UnknownParticipantOrTransaction_SaysSo()
    {
        var (removed, removal) = await _shop.CoordctlAsync("participants", "remove", "nobody", "--reason", "test");
        Assert.Equal(1, removed);
        Assert.Contains("nobody", removal, StringComparison.Ordinal);

        var (malformed, message) = await _shop.CoordctlAsync("show", "not-an-id");
        Assert.True(malformed is 1 or 2, message);
        Assert.Contains("k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SecondCoordinator_OnTheSameLog_IsRefusedAndTheFirstGoesOn()
    {
        await using var second = ProcessHandle.StartDotnet(
            Programs.Server, ["--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", "--log", _shop.LogPath]);

        Assert.Equal(3, await second.WaitForExitAsync(Limit));
        Assert.Contains(second.Lines, line => line.Contains("in use", StringComparison.Ordinal));
        await using var transaction = await _shop.WorkAsync(_client);
        await transaction.CommitAsync();
    }

    [Fact]
    public async Task Participant_WithoutPreparedTransactions_SaysWhichSettingToChange()
    {
        await using var server = await PrivateServer.StartAsync(DatabaseKind.Postgres, "max_prepared_transactions=0");
        await using var participant = ProcessHandle.StartDotnet(
            Programs.Participant,
            ["--name", "crippled", "--postgres", server.AdminConnectionString(), "--coordinator", _shop.Coordinator.ToString(), "--listen", "http://127.0.0.1:0"]);

        Assert.Equal(2, await participant.WaitForExitAsync(Limit));
        Assert.Contains(participant.Lines, line => line.Contains("max_prepared_transactions", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Participant_WithAWrongPassword_SaysSoAndNeverShowsIt()
    {
        await _shop.SqlOrdersAsync("CREATE ROLE clerk LOGIN PASSWORD 'right'");
        var server = await SharedServers.PostgresAsync();
        await using var participant = ProcessHandle.StartDotnet(
            Programs.Participant,
            ["--name", "clerk", "--postgres", $"Host=127.0.0.1;Port={server.Port};Database=postgres;Username=clerk;Password=not-the-password", "--coordinator", _shop.Coordinator.ToString(), "--listen", "http://127.0.0.1:0"]);

        await participant.WaitForLineAsync("28P01", Limit);
        Assert.DoesNotContain(participant.Lines, line => line.Contains("not-the-password", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Participant_UnderANameOfAnotherDatabase_IsRefusedAndSaysWhatToDo()
    {
        var server = await SharedServers.PostgresAsync();
        var database = await server.CreateDatabaseAsync();
        await using var impostor = ProcessHandle.StartDotnet(
            Programs.Participant,
            ["--name", "orders", "--postgres", server.AdminConnectionString(database), "--coordinator", _shop.Coordinator.ToString(), "--listen", "http://127.0.0.1:0"]);

        await impostor.WaitForLineAsync("participants remove orders", Limit);
    }

    private static void AssertReason(Reason expected, RpcException failure)
    {
        Assert.True(RpcErrors.TryGetErrorInfo(failure, out var info), failure.ToString());
        Assert.True(RpcErrors.TryParse(info!.Reason, out var reason));
        Assert.Equal(expected, reason);
    }
}
