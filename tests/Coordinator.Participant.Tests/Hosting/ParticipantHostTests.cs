using Coordinator.Participant.Hosting;
using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;
using Coordinator.Testing.Otlp;

namespace Coordinator.Participant.Tests.Hosting;

/// <summary>The host as a process of its own, on real servers.</summary>
public sealed class ParticipantHostTests : IAsyncLifetime
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    private FakeCoordinator _coordinator = null!;

    public async Task InitializeAsync() => _coordinator = await FakeCoordinator.StartAsync();

    public async Task DisposeAsync() => await _coordinator.DisposeAsync();

    [Fact]
    public async Task Process_StartsServesAndStopsOnSigterm()
    {
        var server = await SharedServers.MariaDbAsync();
        var database = await server.CreateDatabaseAsync();
        var health = FreePort.Find();
        await using var process = Start(
            "--mysql", server.AdminConnectionString(database), "--health-listen", $"http://127.0.0.1:{health}", "--drain", "100ms");

        await Eventually.AssertAsync(() => process.Lines.Any(line => line.StartsWith("participant inventory.", StringComparison.Ordinal)), _limit, "the ready line");
        using var http = new HttpClient();
        Assert.Equal("attached\n", await http.GetStringAsync(new Uri($"http://127.0.0.1:{health}/health")));
        var stream = await _coordinator.NextStreamAsync();
        Assert.StartsWith("http://127.0.0.1:", stream.Register.SqlAddress, StringComparison.Ordinal);

        Assert.Equal(0, await process.TerminateAsync(_limit));
    }

    // Scenario: the host attaches. Expected: what README.md lists, with the driver's own, at the page and by OTLP; no password.
    [Fact]
    public async Task Process_Attached_ExportsItsMetrics()
    {
        await using var collector = await OtlpCollector.StartAsync();
        var server = await SharedServers.GetAsync(DatabaseKind.Postgres);
        var connection = server.AdminConnectionString(await server.CreateDatabaseAsync()) + ";Password=secret-of-this-test";
        var health = FreePort.Find();
        await using var process = Start(
            "--postgres", connection, "--health-listen", $"http://127.0.0.1:{health}", "--otlp-endpoint", collector.Endpoint.ToString(), "--drain", "100ms");
        await Eventually.AssertAsync(() => process.Lines.Any(line => line.StartsWith("participant inventory.", StringComparison.Ordinal)), _limit, "the ready line");
        using var http = new HttpClient();

        var page = (await http.GetStringAsync(new Uri($"http://127.0.0.1:{health}/metrics"))).Split('\n');

        Assert.Equal(
            File.ReadLines(Path.Combine(Repository.Root, "src", "Coordinator.Participant", "README.md"))
                .Where(line => line.StartsWith("| `coordinator_", StringComparison.Ordinal)).Select(line => line.Split('`')[1]),
            page.Where(line => line.StartsWith("# TYPE coordinator_", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]));
        Assert.Contains("coordinator_participant_attached{participant=\"inventory\"} 1", page);
        Assert.Contains("coordinator_participant_branches{participant=\"inventory\",state=\"Prepared\"} 0", page);
        Assert.Contains(page, line => line.StartsWith("db_client_connection_count{", StringComparison.Ordinal));
        Assert.DoesNotContain(page, line => line.Contains("secret-of-this-test", StringComparison.Ordinal) || line.StartsWith("db_client_operation", StringComparison.Ordinal));

        Assert.Equal(0, await process.TerminateAsync(_limit));
        var last = collector.Metrics.Last("coordinator.participant.max_branches");
        Assert.Equal("participant-inventory", last?.Resource.ServiceName());
        Assert.InRange(last!.Metric.Gauge.DataPoints.Single().AsInt, 1, long.MaxValue);
    }

    [Fact]
    public async Task Process_DatabaseThatCannotTakePart_EndsWithAReasonAndCode2()
    {
        await using var server = await PrivateServer.StartAsync(DatabaseKind.Postgres, "max_prepared_transactions=0");
        await using var process = Start("--postgres", server.AdminConnectionString());

        Assert.Equal(2, await process.WaitForExitAsync(_limit));
        Assert.Contains(process.Lines, line => line.Contains("max_prepared_transactions", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--name", "inventory")]
    [InlineData("--name", "Not a name", "--coordinator", "http://127.0.0.1:1", "--mysql", "x")]
    [InlineData("--name", "inventory", "--coordinator", "http://127.0.0.1:1")]
    [InlineData("--name", "inventory", "--coordinator", "http://127.0.0.1:1", "--mysql", "a", "--postgres", "b")]
    [InlineData("--name", "inventory", "--coordinator", "http://127.0.0.1:1", "--mysql", "a", "--lock-timeout", "soon")]
    [InlineData("--name", "inventory", "--coordinator", "http://127.0.0.1:1", "--mysql", "a", "--max-branches", "many")]
    [InlineData("--name", "inventory", "--coordinator", "http://127.0.0.1:1", "--mysql", "a", "--listen", "here")]
    [InlineData("--name", "inventory", "--coordinator", "http://127.0.0.1:1", "--mysql", "a", "--otlp-endpoint", "collector")]
    public async Task Process_Misuse_EndsWithCode1AndSaysWhat(params string[] arguments)
    {
        await using var process = ProcessHandle.StartDotnet(typeof(ParticipantOptions).Assembly.Location, arguments);

        Assert.Equal(1, await process.WaitForExitAsync(_limit));
        Assert.NotEmpty(process.Lines);
        Assert.DoesNotContain(process.Lines, line => line.TrimStart().StartsWith("at ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("500ms", "00:00:00.5000000")]
    [InlineData("5s", "00:00:05")]
    [InlineData("1.5m", "00:01:30")]
    [InlineData("1h", "01:00:00")]
    [InlineData("00:00:07", "00:00:07")]
    public void Duration_IsRead(string text, string expected) => Assert.Equal(expected, HostCommand.Duration(text));

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    public void Duration_Malformed_IsRefused(string text) => Assert.Throws<FormatException>(() => HostCommand.Duration(text));

    private ProcessHandle Start(params string[] arguments) => ProcessHandle.StartDotnet(
        typeof(ParticipantOptions).Assembly.Location,
        ["--name", "inventory", "--coordinator", _coordinator.Address.ToString(), .. arguments]);
}
