using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Coordinator.Testing.Otlp;

namespace Coordinator.Server.Tests;

/// <summary>What a running server exports is what METRICS.md lists, and is its own.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coordinator-metrics-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Scenario: a commit that one participant has not confirmed, one that ended otherwise, a branch that a scan rolls back and
    // one that it quarantines, an answer that nobody waits for, a refused call. Expected: each row of the table, and nothing else.
    [Fact]
    public async Task Table_IsWhatARunningServerExports()
    {
        await using var server = await TestServer.StartAsync(logPath: Path.Combine(_folder, "coordinator.db"));
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        await CommitBothAsync(server, inventory, orders, CommitReturn.Unspecified);
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        inventory.Script = command =>
        {
            if (command.Commit is null)
                return ScriptedParticipant.Agree(command);
            told.TrySetResult();
            return ScriptedParticipant.Report(Contracts.V1.BranchReport.Types.BranchOutcome.RolledBack);
        };
        orders.Script = command => command.Commit is null ? ScriptedParticipant.Agree(command) : null;
        await CommitBothAsync(server, inventory, orders, CommitReturn.Decided);
        // Commit is answered once it is decided; the branches are told afterwards.
        await told.Task.WaitAsync(TestServer.Limit);
        inventory.Script = command => command.ListPrepared is null ? ScriptedParticipant.Agree(command) : TwoOrphans(server);
        await inventory.SendAsync(new ParticipantMessage { ResourceRestarted = new ResourceRestarted { ServerStart = "s1" } });
        await inventory.SendAsync(new ParticipantMessage { Answer = new Answer { CommandId = 999_999, Done = new Done() } });
        await TestServer.FailureOfAsync(async () => await server.Transactions.GetAsync(new GetRequest { TransactionId = "?" }));

        var table = Table();
        await Eventually.AssertAsync(
            async () =>
            {
                var exported = (await MetricsPage.ReadAsync(server)).Metrics
                    .Where(metric => metric.Key.StartsWith("coordinator_", StringComparison.Ordinal)).ToDictionary();
                Assert.Equal(table.Keys.Order(StringComparer.Ordinal), exported.Keys.Order(StringComparer.Ordinal));
                Assert.All(table, row => Assert.Equal((row.Key, row.Value.Type), (row.Key, exported[row.Key].Type)));
                Assert.All(table, row => Assert.Equal(row.Value.Labels.Order(), exported[row.Key].Labels.Order()));
            },
            TestServer.Limit, "every row is exported");
    }

    [Fact]
    public void Table_UnitsFollowFromNames() => Assert.All(Table(), row => Assert.Equal(
        row.Value.Unit,
        row.Key.Contains("_seconds", StringComparison.Ordinal) ? "s" : row.Key.Contains("_bytes", StringComparison.Ordinal) ? "By" : ""));

    [Fact]
    public async Task Page_TwoServersInAProcess_EachCountsItsOwn()
    {
        await using var one = await TestServer.StartAsync();
        await using var other = await TestServer.StartAsync();
        await one.BeginAsync();
        await other.BeginAsync();
        await other.BeginAsync();

        Assert.Equal(1, (await MetricsPage.ReadAsync(one)).Find("coordinator_transactions_begun_total"));
        Assert.Equal(2, (await MetricsPage.ReadAsync(other)).Find("coordinator_transactions_begun_total"));
    }

    [Fact]
    public async Task Page_MoreSeriesThanTheLimit_ShareOne()
    {
        await using var server = await TestServer.StartAsync(options => options with { MaxMetricSeries = 2 });
        await server.BeginAsync();
        await server.Operators.GetStatusAsync(new GetStatusRequest());
        await server.Operators.ListParticipantsAsync(new ListParticipantsRequest());
        await server.Operators.ListTransactionsAsync(new ListTransactionsRequest());

        var page = await MetricsPage.ReadAsync(server);

        Assert.Equal(2, page.LabelsOf("coordinator_calls_duration_seconds_count", "method").Count());
        Assert.Equal(2, page.Find("coordinator_calls_duration_seconds_count", ("otel_metric_overflow", "true")));
    }

    [Fact]
    public async Task Page_Histogram_HasTheBoundsOfDashboards()
    {
        await using var server = await TestServer.StartAsync();
        await server.BeginAsync();

        var bounds = (await MetricsPage.ReadAsync(server)).LabelsOf("coordinator_calls_duration_seconds_bucket", "le");

        Assert.Equal(["0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "30", "60", "+Inf"], bounds);
    }

    [Fact]
    public async Task Otlp_Running_ExportsAtEachInterval()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var server = await TestServer.StartAsync(options => options with
        {
            OtlpEndpoint = collector.Endpoint.ToString(),
            OtlpInterval = TimeSpan.FromSeconds(1),
        });
        await using var inventory = await server.AttachAsync();
        await server.BeginAsync();

        await Eventually.AssertAsync(
            () =>
            {
                var begun = collector.Metrics.Last("coordinator.transactions.begun");
                Assert.Equal(1, begun?.Metric.Sum.DataPoints.Single().AsInt);
                Assert.Equal(("coordinator", "Coordinator.Engine"), (begun!.Resource.ServiceName(), begun.Meter));
                var scanned = collector.Metrics.Last("coordinator.participants.scan_age")!.Metric;
                Assert.Equal(("s", "inventory"), (scanned.Unit, scanned.Gauge.DataPoints.Single().Attributes.Find("participant")));
            },
            TestServer.Limit, "the metrics arrive");
    }

    // What was counted since the last export is not lost with the process.
    [Fact]
    public async Task Otlp_Stopped_ExportsWhatWasCountedLast()
    {
        await using var collector = await OtlpCollector.StartAsync();
        var server = await TestServer.StartAsync(options => options with
        {
            OtlpEndpoint = collector.Endpoint.ToString(),
            OtlpInterval = TimeSpan.FromHours(1),
        });
        await server.BeginAsync();
        await server.BeginAsync();

        await server.DisposeAsync();

        Assert.Equal(2, collector.Metrics.Last("coordinator.transactions.begun")?.Metric.Sum.DataPoints.Single().AsInt);
    }

    private static async Task CommitBothAsync(TestServer server, ScriptedParticipant inventory, ScriptedParticipant orders, CommitReturn until)
    {
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, "inventory.4f7c01ab");
        await orders.EnlistAsync(id, "orders.aaaa1111");
        await server.Transactions.CommitAsync(new CommitRequest
        {
            TransactionId = id,
            Branches = { "inventory.4f7c01ab", "orders.aaaa1111" },
            Return = until,
        });
    }

    /// <summary>One of this start, which nothing is known of, so that it is presumed aborted; and one of a start that the log lost.</summary>
    private static Answer TwoOrphans(TestServer server)
    {
        var coordinator = server.Server.Coordinator;
        string[] ids =
        [
            TransactionId.Create(coordinator.Cluster, coordinator.Epoch, 999, 1).Value,
            TransactionId.Create(coordinator.Cluster, new Epoch(coordinator.Epoch.Number + 5, 7), 1, 1).Value,
        ];
        return new Answer
        {
            Scan = new Contracts.V1.PreparedScan
            {
                ServerStart = "s1",
                Branches = { ids.Select(id => new Contracts.V1.PreparedBranch { Raw = id, TransactionId = id, Branch = "inventory.4f7c01ab" }) },
            },
        };
    }

    /// <summary>The rows of METRICS.md.</summary>
    private static Dictionary<string, (string Type, string Unit, string[] Labels)> Table() => File
        .ReadLines(Path.Combine(Repository.Root, "src", "Coordinator.Server", "METRICS.md"))
        .Where(line => line.StartsWith("| `coordinator_", StringComparison.Ordinal))
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(
            cells => cells[1].Split('`')[1],
            cells => (cells[2], cells[3], cells[4].Split(", ", StringSplitOptions.RemoveEmptyEntries)));
}
