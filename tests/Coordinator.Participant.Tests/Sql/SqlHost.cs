using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Participant.Hosting;
using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Participant.Tests.Sql;

/// <summary>The ready-made host in this process, over a real database of its own, with a fake coordinator.</summary>
internal sealed class SqlHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly StringWriter _errors = new();
    private GrpcChannel _channel = null!;
    private Task<int> _running = null!;

    public PrivateServer Server { get; private set; } = null!;

    public string Database { get; private set; } = null!;

    public FakeCoordinator Coordinator { get; private set; } = null!;

    public FakeStream Stream { get; private set; } = null!;

    public SqlService.SqlServiceClient Client { get; private set; } = null!;

    public string ReadyLine { get; private set; } = "";

    public static async Task<SqlHost> StartAsync(DatabaseKind kind, params (string Key, string Value)[] settings)
    {
        var host = new SqlHost { Server = await SharedServers.GetAsync(kind), Coordinator = await FakeCoordinator.StartAsync() };
        host.Database = await host.Server.CreateDatabaseAsync();
        var connectionString = host.Server.AdminConnectionString(host.Database);
        var all = new Dictionary<string, string?>
        {
            ["Participant:Name"] = "inventory",
            ["Participant:Coordinator"] = host.Coordinator.Address.ToString(),
            [kind == DatabaseKind.Postgres ? "Participant:Postgres" : "Participant:MySql"] = connectionString,
            ["Participant:DrainLimit"] = "00:00:00.1",
        };
        foreach (var (key, value) in settings)
            all[$"Participant:{key}"] = value;
        var output = new LineWriter();
        host._running = ParticipantHost.RunAsync(all, output, host._errors, host._stop.Token);
        var first = await Task.WhenAny(output.FirstLine, host._running).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(first == output.FirstLine, $"The host ended: {host._errors}");
        host.ReadyLine = await output.FirstLine;
        host.Stream = await host.Coordinator.NextStreamAsync();
        host._channel = GrpcChannel.ForAddress(host.ReadyLine[(host.ReadyLine.LastIndexOf(' ') + 1)..]);
        host.Client = new SqlService.SqlServiceClient(host._channel);
        return host;
    }

    public async Task<ExecuteResponse> ExecuteAsync(TransactionId transaction, string sql, params Value[] parameters) =>
        await Client.ExecuteAsync(new ExecuteRequest { TransactionId = transaction.Value, Sql = sql, Parameters = { parameters } });

    /// <summary>The header and all rows of a query.</summary>
    public async Task<(QueryHeader Header, List<Row> Rows)> QueryAsync(TransactionId transaction, string sql, params Value[] parameters)
    {
        using var call = Client.Query(new QueryRequest { TransactionId = transaction.Value, Sql = sql, Parameters = { parameters } });
        QueryHeader? header = null;
        var rows = new List<Row>();
        await foreach (var message in call.ResponseStream.ReadAllAsync())
        {
            header ??= message.Header;
            rows.AddRange(message.Rows?.Rows_ ?? []);
        }

        return (header!, rows);
    }

    public async Task<Value> QueryValueAsync(string sql, params Value[] parameters)
    {
        var transaction = Ids.NewTransaction();
        var (_, rows) = await QueryAsync(transaction, sql, parameters);
        await RollBackAsync(transaction);
        return Assert.Single(Assert.Single(rows).Values);
    }

    /// <summary>Commits a transaction of one branch in two phases.</summary>
    public async Task CommitAsync(TransactionId transaction)
    {
        var vote = await PrepareAsync(transaction);
        Assert.True(vote.Vote == VoteAnswer.Types.Vote.Prepared, vote.Reason);
        var report = (await Stream.SendAsync(command => command.Commit = new()
        {
            TransactionId = transaction.Value,
            Branch = Branch,
            Evidence = vote.Evidence,
        })).Report;
        Assert.Equal(Contracts.V1.BranchReport.Types.BranchOutcome.Committed, report.Outcome);
    }

    public async Task<VoteAnswer> PrepareAsync(TransactionId transaction) =>
        (await Stream.SendAsync(command => command.Prepare = new() { TransactionId = transaction.Value, Branch = Branch })).Vote;

    public async Task RollBackAsync(TransactionId transaction)
    {
        var report = (await Stream.SendAsync(command => command.Rollback = new() { TransactionId = transaction.Value, Branch = Branch })).Report;
        Assert.Equal(Contracts.V1.BranchReport.Types.BranchOutcome.RolledBack, report.Outcome);
    }

    public string Branch => $"{Stream.Register.Name}.{Stream.Register.Instance}";

    public static async Task<(StatusCode Status, Reason Reason, RpcException Failure)> FailureAsync(Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(call);
        RpcErrors.TryGetReason(failure, out var reason);
        return (failure.StatusCode, reason, failure);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _channel?.Dispose();
        await Coordinator.DisposeAsync();
        _stop.Dispose();
    }

    private sealed class LineWriter : StringWriter
    {
        private readonly TaskCompletionSource<string> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> FirstLine => _first.Task;

        public override Task WriteLineAsync(string? value)
        {
            _first.TrySetResult(value ?? "");
            return Task.CompletedTask;
        }
    }
}

internal static class Values
{
    public static readonly Value Null = new() { Null = NullValue.NullValue };

    public static Value Of(bool value) => new() { Bool = value };

    public static Value Of(long value) => new() { Int64 = value };

    public static Value Of(double value) => new() { Double = value };

    public static Value Of(string value) => new() { String = value };

    public static Value Of(byte[] value) => new() { Bytes = ByteString.CopyFrom(value) };

    public static Value Decimal(string value) => new() { Decimal = value };

    public static Value Date(string value) => new() { Date = value };

    public static Value Uuid(string value) => new() { Uuid = value };

    public static Value Json(string value) => new() { Json = value };

    public static Value Moment(string value) => new()
    {
        Timestamp = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(
            DateTimeOffset.Parse(value, System.Globalization.CultureInfo.InvariantCulture)),
    };
}
