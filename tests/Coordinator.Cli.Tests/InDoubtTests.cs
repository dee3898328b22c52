using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Tests;

public class InDoubtTests : CliTest
{
    [Fact]
    public async Task InDoubt_Everything_IsListedWithAgeAndWhatToDo()
    {
        var xa = Branch(InDoubtKind.Live, "it waits for the decision; without one it is rolled back at its deadline, in 12 s");
        xa.PreparedAt = null;
        xa.KnownSince = At(hour: 10);
        var quarantined = Branch(InDoubtKind.Quarantined, "its epoch is not of this log; an operator must resolve it");
        quarantined.Settle = $"coordctl resolve {Id} --commit|--rollback --reason TEXT";
        Operators.InDoubt.Answers(new ListInDoubtResponse
        {
            AsOf = At(hour: 11),
            Branches =
            {
                xa,
                quarantined,
                Branch(InDoubtKind.ToRollBack, "presumed abort; it is rolled back at the next scan, in 12 s"),
                new InDoubtBranch { Participant = "payments", Raw = "manual-backup", Kind = InDoubtKind.NotOurs },
            },
            Undelivered =
            {
                new Transaction
                {
                    TransactionId = Id,
                    State = TransactionState.Committing,
                    Branches = { new Branch { Name = "orders.aaaa1111", State = BranchState.Prepared, Attempts = 3, Detail = "busy", NextAttemptAt = At(hour: 12) } },
                },
            },
            Heuristics = { new Heuristic { TransactionId = Id, Branch = "orders.aaaa1111", Decided = "COMMIT", Found = "ROLLED_BACK", Detail = "by hand", At = At(hour: 8) } },
            FailedScans = { ["orders"] = "timeout" },
        });

        var result = await RunAsync("in-doubt");

        Assert.Equal(0, result.ExitCode);
        AssertText(
            """

            Prepared branches
            PARTICIPANT  TRANSACTION                               BRANCH              KIND          AGE             WHAT HAPPENS
            inventory    k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef  inventory.4f7c01ab  live          at most 60 min  it waits for the decision; without one it is rolled back at its deadline, in 12 s
            inventory    k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef  inventory.4f7c01ab  quarantined   2 h             its epoch is not of this log; an operator must resolve it
            inventory    k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef  inventory.4f7c01ab  to-roll-back  2 h             presumed abort; it is rolled back at the next scan, in 12 s
            payments     manual-backup                                                 not-ours      unknown

            Decided, and not yet told everywhere
            ID                                        NAME  STATE       OUTCOME  BRANCHES  BEGUN  REASON
            k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef        committing           1

            Their branches that have not been told
            BRANCH           STATE     ATTEMPTS  NEXT ATTEMPT          DETAIL
            orders.aaaa1111  prepared  3         2026-05-01 12:30:00Z  busy

            Heuristic outcomes
            TRANSACTION                               BRANCH           DECIDED  FOUND        AT                    DETAIL
            k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef  orders.aaaa1111  COMMIT   ROLLED_BACK  2026-05-01 08:30:00Z  by hand

            Databases that could not be asked: what is prepared there is unknown, and nothing is concluded
            PARTICIPANT  WHY
            orders       timeout

            To settle by hand:
              coordctl resolve k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef --commit|--rollback --reason TEXT
              coordctl forget k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef --reason TEXT (once it is put right)
            """,
            result.Out);
    }

    [Fact]
    public async Task InDoubt_Json_HasEveryField()
    {
        var branch = Branch(InDoubtKind.ToRollBack, "in 30 s");
        branch.NextAt = At(hour: 10);
        Operators.InDoubt.Answers(new ListInDoubtResponse { Branches = { branch }, AsOf = At(hour: 9) });
        AssertText(
            """
            {"asOf":"2026-05-01T09:30:00+00:00","branches":[{"participant":"inventory","raw":"k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef:inventory.4f7c01ab","transactionId":"k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef","branch":"inventory.4f7c01ab","kind":"to-roll-back","whatHappens":"in 30 s","preparedAt":"2026-05-01T09:30:00+00:00","nextAt":"2026-05-01T10:30:00+00:00","knownSince":null,"settle":null}],"undelivered":[],"heuristics":[],"failedScans":{},"more":false}
            """,
            (await RunAsync("in-doubt", "-o", "json")).Out);
    }

    [Fact]
    public async Task InDoubt_SeveralPages_AreReadUpToTheLimit()
    {
        Operators.InDoubt
            .Answers(new ListInDoubtResponse { Branches = { Branch(InDoubtKind.Live, "first") }, NextPageToken = "t1" })
            .Answers(new ListInDoubtResponse { Branches = { Branch(InDoubtKind.Live, "second") }, NextPageToken = "t2" });

        var result = await RunAsync("in-doubt", "--limit", "2");

        Assert.Contains("first", result.Out, StringComparison.Ordinal);
        Assert.Contains("second", result.Out, StringComparison.Ordinal);
        Assert.Contains("There is more; this was the first 2 lines: raise --limit.", result.Out, StringComparison.Ordinal);
        Assert.Equal(["", "t1"], Operators.InDoubt.Requests.Select(request => request.PageToken));
    }

    // What an alarm is for must not hide behind the lines that are shown.
    [Fact]
    public async Task InDoubt_FailIfAny_LooksBeyondTheLimit()
    {
        Operators.InDoubt
            .Answers(new ListInDoubtResponse { Branches = { Branch(InDoubtKind.Foreign, "left alone") }, NextPageToken = "t1" })
            .Answers(new ListInDoubtResponse { Branches = { Branch(InDoubtKind.Quarantined, "") } });

        Assert.Equal(4, (await RunAsync("in-doubt", "--fail-if-any", "--limit", "1")).ExitCode);
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
