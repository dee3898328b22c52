using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Tests;

public class ResolveTests : CliTest
{
    public ResolveTests()
    {
        Operators.Resolved.Answers(new ResolveResponse
        {
            Outcome = Outcome.Aborted,
            Branches = { new Branch { Name = "inventory.4f7c01ab", State = BranchState.RolledBack } },
        });
        Operators.Forgotten.Answers(new ForgetResponse { Forgotten = 2 });
    }

    [Fact]
    public async Task Resolve_FromAScript_DoesNotAsk()
    {
        var result = await RunAsync("resolve", Id, "--rollback", "--reason", "log lost");
        Assert.Equal(0, result.ExitCode);
        AssertText(
            """
            Transaction  k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef
            Outcome      aborted

            Branches
            BRANCH              STATE        ATTEMPTS  DETAIL
            inventory.4f7c01ab  rolled-back  0
            """,
            result.Out);
        Assert.Equal(
            new ResolveRequest { TransactionId = Id, Action = ResolveRequest.Types.Action.Rollback, Reason = "log lost" },
            Assert.Single(Operators.Resolved.Requests));
    }

    [Fact]
    public async Task Resolve_Json_IsOneDocument()
    {
        var result = await RunAsync(
            "resolve", Id, "--branch", "inventory.4f7c01ab", "--commit", "--reason", "as payments", "-o", "json");
        AssertText(
            """
            {"transactionId":"k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef","outcome":"aborted","branches":[{"name":"inventory.4f7c01ab","state":"rolled-back","detail":null,"attempts":0,"nextAttemptAt":null}]}
            """,
            result.Out);
        var request = Assert.Single(Operators.Resolved.Requests);
        Assert.Equal(("inventory.4f7c01ab", ResolveRequest.Types.Action.Commit), (request.Branch, request.Action));
    }

    [Theory]
    [InlineData("yes\n", 0, 1)]
    [InlineData(" YES \n", 0, 1)]
    [InlineData("y\n", 1, 0)]
    [InlineData("\n", 1, 0)]
    [InlineData("", 1, 0)]
    public async Task Resolve_OnATerminal_AsksFirst(string answer, int exitCode, int sent)
    {
        var result = await RunAsync(terminalWidth: 80, answer, "resolve", Id, "--commit", "--reason", "checked");
        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith($"Commit transaction {Id}? This cannot be undone. Type yes: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(sent, Operators.Resolved.Requests.Count);
    }

    [Fact]
    public async Task Resolve_Yes_DoesNotAsk()
    {
        var result = await RunAsync(terminalWidth: 80, answer: "", "resolve", Id, "--commit", "--reason", "checked", "--yes");
        Assert.Equal(0, result.ExitCode);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task Forget_Reason_IsSent()
    {
        var result = await RunAsync("forget", Id, "--reason", "booked by hand");
        AssertText($"Heuristic outcomes of transaction {Id} that are shown no more: 2.", result.Out);
        Assert.Equal(
            new ForgetRequest { TransactionId = Id, Reason = "booked by hand" }, Assert.Single(Operators.Forgotten.Requests));
        AssertText(
            $$"""{"transactionId":"{{Id}}","forgotten":2}""",
            (await RunAsync("forget", Id, "--reason", "booked by hand", "-o", "json")).Out);
    }
}
