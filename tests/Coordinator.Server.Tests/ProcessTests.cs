using System.Text.RegularExpressions;
using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Grpc.Net.Client;

namespace Coordinator.Server.Tests;

/// <summary>The program as operators meet it: its first lines, its exit codes, its signals.</summary>
public sealed partial class ProcessTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("coordinator-server-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Start_ThenTerminate_ServesAndExitsWithZero()
    {
        await using var process = Start("--config", Write("""{ "Coordinator": { "ConsoleFormat": "json" } }"""));
        var ready = await process.WaitForLineAsync("serving on", Limit);
        var match = ReadyLine().Match(ready);
        Assert.True(match.Success, ready);
        using (var channel = GrpcChannel.ForAddress(match.Groups["address"].Value))
        {
            var status = await new OperatorService.OperatorServiceClient(channel).GetStatusAsync(new GetStatusRequest());
            Assert.Equal((match.Groups["cluster"].Value, match.Groups["epoch"].Value), (status.Cluster, status.Epoch));
        }

        Assert.Equal(0, await process.TerminateAsync(Limit));
        Assert.Contains(process.Lines, line => line.StartsWith("{\"Timestamp\"", StringComparison.Ordinal) && line.Contains("Stopped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_LogInUse_IsRefusedWithThree()
    {
        await using var first = Start();
        await first.WaitForLineAsync("serving on", Limit);

        await using var second = Start();

        Assert.Equal(3, await second.WaitForExitAsync(Limit));
        Assert.Contains(second.Lines, line => line.StartsWith("The log is refused:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_WrongOptions_ListsThemAllAndExitsWithTwo()
    {
        await using var process = Start(
            new Dictionary<string, string?> { ["COORDINATOR__NOSUCHTHING"] = "1" },
            "--health-listen", "0.0.0.0:0", "--max-page-size", "many", "--scan-interval", "0s");

        Assert.Equal(2, await process.WaitForExitAsync(Limit));

        foreach (var part in new[] { "NOSUCHTHING", "HealthListen is 0.0.0.0:0, which others can reach", "MaxPageSize is 'many'", "ScanInterval is 00:00:00" })
            Assert.Contains(process.Lines, line => line.Contains(part, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--no-such-option")]
    [InlineData("--max-page-size")]
    public async Task Start_WrongFlag_ExitsWithTwo(string flag)
    {
        await using var process = Start(flag);
        Assert.Equal(2, await process.WaitForExitAsync(Limit));
    }

    [Fact]
    public async Task Start_PortTaken_ExitsWithFour()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();

        await using var process = Start("--listen", taken.LocalEndpoint.ToString()!);

        Assert.Equal(4, await process.WaitForExitAsync(Limit));
    }

    [Fact]
    public async Task Help_ListsEveryOptionWithItsDefault()
    {
        await using var process = Start("--help");
        Assert.Equal(0, await process.WaitForExitAsync(Limit));
        var text = string.Join('\n', process.Lines);
        Assert.All(OptionCatalog.All, option =>
        {
            Assert.Contains(option.Flag + " ", text, StringComparison.Ordinal);
            Assert.Contains($"[default: {(option.Default.Length > 0 ? option.Default : "none")}]", text, StringComparison.Ordinal);
        });
    }

    // Scenario: a decided commit cannot be delivered, so the first SIGTERM waits. Expected: the second ends at once.
    [Fact]
    public async Task Terminate_Twice_EndsAtOnceAndTheNextStartResumes()
    {
        string id;
        await using (var process = Start("--retry-delay", "50ms"))
        {
            using var channel = GrpcChannel.ForAddress(ReadyLine().Match(await process.WaitForLineAsync("serving on", Limit)).Groups["address"].Value);
            var transactions = new TransactionService.TransactionServiceClient(channel);
            await using var inventory = await ScriptedParticipant.AttachAsync(channel, ScriptedParticipant.Registration());
            await using var orders = await ScriptedParticipant.AttachAsync(channel, ScriptedParticipant.Registration("orders", "aaaa1111"));
            orders.Script = command => command.Commit is null ? ScriptedParticipant.Agree(command) : null;
            id = (await transactions.BeginAsync(new BeginRequest())).TransactionId;
            await inventory.EnlistAsync(id, "inventory.4f7c01ab");
            await orders.EnlistAsync(id, "orders.aaaa1111");
            var commit = await transactions.CommitAsync(
                new CommitRequest { TransactionId = id, Branches = { "inventory.4f7c01ab", "orders.aaaa1111" }, Return = CommitReturn.Decided });
            Assert.Equal(Outcome.Committed, commit.Outcome);

            var first = process.TerminateAsync(Limit);
            await process.WaitForLineAsync("Draining", Limit);
            Assert.False(first.IsCompleted);
            Assert.Equal(130, await process.TerminateAsync(TimeSpan.FromSeconds(10)));
            await first;
        }

        await using var next = Start();
        using var again = GrpcChannel.ForAddress(ReadyLine().Match(await next.WaitForLineAsync("serving on", Limit)).Groups["address"].Value);
        await using var back = await ScriptedParticipant.AttachAsync(again, ScriptedParticipant.Registration("orders", "bbbb2222"));
        await Eventually.AssertAsync(
            () => back.Commands.Any(command => command.Commit?.TransactionId == id), Limit, "the commit is delivered after the restart");
    }

    [GeneratedRegex("^coordinator (?<cluster>[a-z0-9]{8}) epoch (?<epoch>[0-9]+x[0-9a-f]{8}) serving on (?<address>http://127.0.0.1:[0-9]+), health on http://127.0.0.1:[0-9]+$")]
    private static partial Regex ReadyLine();

    private string Write(string json)
    {
        var file = Path.Combine(_folder, "settings.json");
        File.WriteAllText(file, json);
        return file;
    }

    private ProcessHandle Start(params string[] arguments) => Start(new Dictionary<string, string?>(), arguments);

    // What the test gives comes last: it overrides the free ports only where it names them.
    private ProcessHandle Start(IReadOnlyDictionary<string, string?> environment, params string[] arguments) => ProcessHandle.StartDotnet(
        typeof(CoordinatorServer).Assembly.Location,
        [
            .. arguments,
            "--log", Path.Combine(_folder, "log", "coordinator.db"),
            .. arguments.Contains("--listen") ? Array.Empty<string>() : ["--listen", "127.0.0.1:0"],
            .. arguments.Contains("--health-listen") ? Array.Empty<string>() : ["--health-listen", "127.0.0.1:0"],
        ],
        environment);
}
