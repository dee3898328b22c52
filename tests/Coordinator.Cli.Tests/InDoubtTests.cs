using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Tests;

public class InDoubtTests : CliTest
{
    [Fact]
    public async Task InDoubt_Everything_IsListed()
    {
        Operators.InDoubt.Answers(new ListInDoubtResponse
        {
            Branches =
            {
                Branch(InDoubtKind.Quarantined, "waits for an operator"),
                new InDoubtBranch { Participant = "payments", Raw = "manual-backup", Kind = InDoubtKind.NotOurs },
            },
            FailedScans = { ["orders"] = "timeout" },
        });

        var result = await RunAsync("in-doubt");

        Assert.Equal(0, result.ExitCode);
        AssertText(
            """

            Prepared branches
            PARTICIPANT  TRANSACTION                               BRANCH              KIND         PREPARED              WHAT HAPPENS
            inventory    k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef  inventory.4f7c01ab  quarantined  2026-05-01 09:30:00Z  waits for an operator
            payments     manual-backup                                                 not-ours

            Databases that could not be scanned: nothing is concluded for them
            PARTICIPANT  WHY
            orders       timeout
            """,
            result.Out);
    }

    [Fact]
    public async Task InDoubt_Json_HasEveryField()
    {
        Operators.InDoubt.Answers(new ListInDoubtResponse { Branches = { Branch(InDoubtKind.ToRollBack, "within 30 s") } });
        AssertText(
            """
            {"branches":[{"participant":"inventory","raw":"k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef:inventory.4f7c01ab","transactionId":"k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef","branch":"inventory.4f7c01ab","kind":"to-roll-back","whatHappens":"within 30 s","preparedAt":"2026-05-01T09:30:00+00:00"}],"undelivered":[],"heuristics":[],"failedScans":{}}
            """,
            (await RunAsync("in-doubt", "-o", "json")).Out);
    }

    [Fact]
    public async Task InDoubt_Nothing_SaysSo()
    {
        Operators.InDoubt.Answers(new ListInDoubtResponse());
        var result = await RunAsync("in-doubt", "--fail-if-any");
        Assert.Equal(0, result.ExitCode);
        AssertText("Nothing is in doubt.", result.Out);
    }

    [Theory]
    [InlineData(InDoubtKind.Live, 0)]
    [InlineData(InDoubtKind.Foreign, 0)]
    [InlineData(InDoubtKind.NotOurs, 0)]
    [InlineData(InDoubtKind.ToCommit, 4)]
    [InlineData(InDoubtKind.ToRollBack, 4)]
    [InlineData(InDoubtKind.Quarantined, 4)]
    public async Task InDoubt_FailIfAny_CountsWhatIsInDoubt(InDoubtKind kind, int exitCode)
    {
        Operators.InDoubt.Answers(new ListInDoubtResponse { Branches = { Branch(kind, "") } });
        Assert.Equal(exitCode, (await RunAsync("in-doubt", "--fail-if-any")).ExitCode);
        Assert.Equal(0, (await RunAsync("in-doubt")).ExitCode);
    }

    [Fact]
    public async Task InDoubt_FailIfAny_CountsHeuristicsUndeliveredAndFailedScans()
    {
        Operators.InDoubt
            .Answers(new ListInDoubtResponse { Heuristics = { new Heuristic { TransactionId = Id } } })
            .Answers(new ListInDoubtResponse { Undelivered = { new Transaction { TransactionId = Id } } })
            .Answers(new ListInDoubtResponse { FailedScans = { ["orders"] = "timeout" } });
        for (var i = 0; i < 3; i++)
            Assert.Equal(4, (await RunAsync("in-doubt", "--fail-if-any", "-o", "json")).ExitCode);
    }

    private static InDoubtBranch Branch(InDoubtKind kind, string whatHappens) => new()
    {
        Participant = "inventory",
        Raw = $"{Id}:inventory.4f7c01ab",
        TransactionId = Id,
        Branch = "inventory.4f7c01ab",
        Kind = kind,
        WhatHappens = whatHappens,
        PreparedAt = At(hour: 9),
    };
}
