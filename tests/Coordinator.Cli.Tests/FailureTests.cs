using System.Text.Json;
using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.ScriptedServices;
using Grpc.Core;

namespace Coordinator.Cli.Tests;

public class FailureTests : CliTest
{
    [Fact]
    public async Task AnyCommand_Refused_SaysWhatToDo()
    {
        Operators.Shown.Fails(RpcErrors.Create(StatusCode.NotFound, Reason.TransactionNotFound, "There is no such transaction."));
        var result = await RunAsync("show", Id);
        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Out);
        AssertText(
            """
            coordctl: There is no such transaction. (TRANSACTION_NOT_FOUND)
            List what the coordinator knows with 'coordctl transactions', and check that it is the right coordinator.
            """,
            result.Error);
    }

    [Fact]
    public async Task AnyCommand_RefusedWithJson_IsADocumentToo()
    {
        Operators.Resolved.Fails(RpcErrors.Create(StatusCode.FailedPrecondition, Reason.NotInDoubt, "It's over."));
        var result = await RunAsync("resolve", Id, "--commit", "--reason", "checked", "-o", "json");
        Assert.Equal(1, result.ExitCode);
        AssertText(
            """
            {"error":{"code":"refused","reason":"NOT_IN_DOUBT","message":"It's over.","hint":"Nothing needs to be done; 'coordctl in-doubt' lists what does."}}
            """,
            result.Error);
    }

    [Fact]
    public async Task AnyCommand_NobodyListens_IsUnavailable()
    {
        var result = await RunAsync("status", "-c", "http://127.0.0.1:1");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("http://127.0.0.1:1/ cannot be reached", result.Error, StringComparison.Ordinal);
        Assert.Contains("COORDINATOR_URL", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnyCommand_NoAnswerInTime_IsUnavailable()
    {
        Operators.Status.Hangs();
        var result = await RunAsync("status", "--timeout", "50ms");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("did not answer within 0.05 s", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Kill")]
    [InlineData("Reset")]
    public async Task ChangingCommand_AnswerLost_WarnsThatItMayBeDone(string loss)
    {
        Operators.Resolved.LosesAnswer(loss == "Kill" ? Loss.Kill : Loss.Reset);
        var result = await RunAsync("resolve", Id, "--commit", "--reason", "checked");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("It may have been carried out all the same", result.Error, StringComparison.Ordinal);
        Assert.Single(Operators.Resolved.Requests);
    }

    [Fact]
    public async Task AnyCommand_LogUnavailable_IsUnavailable()
    {
        Operators.Forgotten.Fails(RpcErrors.Create(StatusCode.Unavailable, Reason.LogUnavailable, "The log does not answer."));
        Assert.Equal(3, (await RunAsync("forget", Id, "--reason", "checked")).ExitCode);
    }

    [Fact]
    public async Task AnyCommand_NoRights_IsRefused()
    {
        Operators.Status.Fails(StatusCode.PermissionDenied);
        Assert.Equal(1, (await RunAsync("status")).ExitCode);
    }

    [Fact]
    public async Task Watch_NotFound_IsRefused()
    {
        Coordinator.Watched.Fails(RpcErrors.Create(StatusCode.NotFound, Reason.TransactionNotFound, "not mine"));
        var result = await RunAsync("watch", Id);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("TRANSACTION_NOT_FOUND", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("")]
    [InlineData("show")]
    [InlineData("show not-an-id")]
    [InlineData("status --timeout soon")]
    [InlineData("status --timeout 2h")]
    [InlineData("status -o xml")]
    [InlineData("status -c 127.0.0.1:7070")]
    [InlineData("transactions --state broken")]
    [InlineData("transactions --limit 0")]
    [InlineData("transactions --limit 1001")]
    [InlineData("participants remove Payments --reason x")]
    [InlineData("participants remove payments")]
    [InlineData("resolve " + Id + " --reason x")]
    [InlineData("resolve " + Id + " --commit --rollback --reason x")]
    [InlineData("resolve " + Id + " --commit")]
    [InlineData("resolve " + Id + " --commit --reason x --branch inventory")]
    [InlineData("forget " + Id)]
    [InlineData("log")]
    [InlineData("log verify")]
    [InlineData("log dump x --transaction y")]
    [InlineData("log restored x")]
    [InlineData("log backup")]
    public async Task CommandLine_Wrong_IsUsageAndSendsNothing(string line)
    {
        var result = await RunAsync([.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Out);
        Assert.StartsWith("coordctl: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("--help", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CommandLine_WrongWithJson_IsADocument()
    {
        var result = await RunAsync("transactions", "--limit", "0", "-o", "json");
        Assert.Equal(2, result.ExitCode);
        var error = JsonDocument.Parse(result.Error).RootElement.GetProperty("error");
        Assert.Equal("usage", error.GetProperty("code").GetString());
        Assert.Equal("--limit is 1 to 1000.", error.GetProperty("message").GetString());
        Assert.Equal("See: coordctl transactions --help", error.GetProperty("hint").GetString());
    }

    [Fact]
    public async Task Reason_TooLong_IsUsage() =>
        Assert.Equal(2, (await RunAsync("forget", Id, "--reason", new string('x', 501))).ExitCode);

    [Theory]
    [InlineData("")]
    [InlineData("status")]
    [InlineData("participants remove")]
    [InlineData("resolve")]
    [InlineData("log")]
    [InlineData("log backup")]
    public async Task Help_AnyCommand_IsShownWithoutItsArguments(string command)
    {
        var result = await RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("Usage:", result.Out, StringComparison.Ordinal);
        Assert.Equal(command is not "status", result.Out.Contains("Example", StringComparison.Ordinal));
    }
}
