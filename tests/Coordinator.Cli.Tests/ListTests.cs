using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Tests;

public class ListTests : CliTest
{
    [Fact]
    public async Task Transactions_Piped_NeverWrapsIds()
    {
        Operators.Transactions.Answers(new ListTransactionsResponse { Transactions = { Committing() }, More = true });

        var result = await RunAsync("transactions", "--state", "in-doubt", "--state", "committing-one-phase", "--limit", "1");

        AssertText(
            """
            ID                                        NAME      STATE       OUTCOME    BRANCHES  BEGUN                 REASON
            k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef  order 17  committing  committed  2         2026-05-01 09:30:00Z
            There are more than 1; raise --limit or narrow with --state.
            """,
            result.Out);
        var request = Assert.Single(Operators.Transactions.Requests);
        Assert.Equal([TransactionState.InDoubt, TransactionState.CommittingOnePhase], request.States);
        Assert.Equal(1, request.Limit);
    }

    [Fact]
    public async Task Transactions_None_SaysSo()
    {
        Operators.Transactions.Answers(new ListTransactionsResponse());
        AssertText("No transactions.", (await RunAsync("transactions")).Out);
        AssertText("""{"transactions":[],"more":false}""", (await RunAsync("transactions", "-o", "json")).Out);
        Assert.All(Operators.Transactions.Requests, request => Assert.Equal(100, request.Limit));
    }

    [Fact]
    public async Task Show_Piped_HasBranchesAndHeuristics()
    {
        Operators.Shown.Answers(Shown());
        var result = await RunAsync("show", Id);
        AssertText(
            """
            Transaction  k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef
            Name         order 17
            State        committing
            Outcome      committed
            Begun        2026-05-01 09:30:00Z

            Branches
            BRANCH              STATE      ATTEMPTS  DETAIL
            inventory.4f7c01ab  committed  0
            payments.99aa88bb   prepared   3         connection refused by host

            Heuristic outcomes
            TRANSACTION                               BRANCH              DECIDED  FOUND        AT                    DETAIL
            k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef  inventory.4f7c01ab  COMMIT   ROLLED_BACK  2026-05-01 10:30:00Z
            """,
            result.Out);
        Assert.Equal(Id, Assert.Single(Operators.Shown.Requests).TransactionId);
    }

    [Fact]
    public async Task Show_Json_HasEveryField()
    {
        Operators.Shown.Answers(Shown());
        AssertText(
            """
            {"transaction":{"id":"k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef","name":"order 17","state":"committing","outcome":"committed","reason":null,"begunAt":"2026-05-01T09:30:00+00:00","deadline":null,"branches":[{"name":"inventory.4f7c01ab","state":"committed","detail":null,"attempts":0,"nextAttemptAt":null},{"name":"payments.99aa88bb","state":"prepared","detail":"connection refused\nby host","attempts":3,"nextAttemptAt":null}]},"heuristics":[{"transactionId":"k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef","branch":"inventory.4f7c01ab","decided":"COMMIT","found":"ROLLED_BACK","detail":null,"at":"2026-05-01T10:30:00+00:00"}]}
            """,
            (await RunAsync("show", Id, "-o", "json")).Out);
    }

    [Fact]
    public async Task Show_OnATerminal_HasBorders()
    {
        Operators.Shown.Answers(new ShowTransactionResponse { Transaction = Committing() });
        var result = await RunAsync(terminalWidth: 80, answer: null, "show", Id);
        Assert.Contains("╭", result.Out, StringComparison.Ordinal);
        Assert.Contains(Id, result.Out, StringComparison.Ordinal);
        // NO_COLOR is set.
        Assert.DoesNotContain('\e', result.Out);
    }

    [Fact]
    public async Task Participants_Piped_ShowsWhoIsAway()
    {
        Operators.Participants.Answers(Participants());
        AssertText(
            """
            NAME       KIND      DATABASE  ATTACHED  OPEN  UNDELIVERED  LAST SCAN             SQL                   TROUBLE
            inventory  postgres  stock     4f7c01ab  2     0            2026-05-01 10:30:00Z  http://10.0.0.5:7080
            payments   mariadb   pay       no        0     1                                                        timeout
            """,
            (await RunAsync("participants")).Out);
    }

    [Fact]
    public async Task Participants_Json_HasEveryField()
    {
        Operators.Participants.Answers(Participants());
        AssertText(
            """
            {"participants":[{"name":"inventory","kind":"postgres","server":"7341","database":"stock","identityRow":"r1","instances":[{"instance":"4f7c01ab","attachedAt":"2026-05-01T09:30:00+00:00","sqlAddress":"http://10.0.0.5:7080","serverVersion":"17.2"}],"registeredAt":null,"lastScanAt":"2026-05-01T10:30:00+00:00","lastScanError":null,"undelivered":0,"openBranches":2},{"name":"payments","kind":"mariadb","server":"u-1","database":"pay","identityRow":"r2","instances":[],"registeredAt":null,"lastScanAt":null,"lastScanError":"timeout","undelivered":1,"openBranches":0}]}
            """,
            (await RunAsync("participants", "-o", "json")).Out);
    }

    [Fact]
    public async Task ParticipantsRemove_Reason_IsSent()
    {
        Operators.Removed.Answers(new RemoveParticipantResponse { AbandonedBranches = 2 });
        var result = await RunAsync("participants", "remove", "payments", "--reason", "retired");
        AssertText(
            "Removed payments. 2 branches were not told their decision and are now heuristic hazards: see 'coordctl in-doubt'.",
            result.Out);
        Assert.Equal(
            new RemoveParticipantRequest { Name = "payments", Reason = "retired" }, Assert.Single(Operators.Removed.Requests));
        AssertText(
            """{"name":"payments","abandonedBranches":2}""",
            (await RunAsync("participants", "remove", "payments", "--reason", "retired", "-o", "json")).Out);
    }

    [Fact]
    public async Task Watch_Changes_AreALineEach()
    {
        Coordinator.Watched.Answers(
        [
            new Transaction { TransactionId = Id, State = TransactionState.Active },
            new Transaction
            {
                TransactionId = Id,
                State = TransactionState.Aborted,
                Outcome = Outcome.Aborted,
                Reason = "payments voted no",
                Branches = { new Branch { Name = "payments.99aa88bb", State = BranchState.VotedNo } },
            },
        ]);
        AssertText(
            """
            active
            aborted | payments voted no | payments.99aa88bb voted-no
            """,
            (await RunAsync("watch", Id)).Out);
        var json = await RunAsync("watch", Id, "-o", "json");
        Assert.Equal(2, json.Out.TrimEnd().Split('\n').Length);
        Assert.Equal(0, json.ExitCode);
    }

    private static Transaction Committing() => new()
    {
        TransactionId = Id,
        Name = "order 17",
        State = TransactionState.Committing,
        Outcome = Outcome.Committed,
        BegunAt = At(hour: 9),
        Branches =
        {
            new Branch { Name = "inventory.4f7c01ab", State = BranchState.Committed },
            new Branch
            {
                Name = "payments.99aa88bb", State = BranchState.Prepared, Attempts = 3, Detail = "connection refused\nby host",
            },
        },
    };

    private static ShowTransactionResponse Shown() => new()
    {
        Transaction = Committing(),
        Heuristics =
        {
            new Heuristic
            {
                TransactionId = Id, Branch = "inventory.4f7c01ab", Decided = "COMMIT", Found = "ROLLED_BACK", At = At(hour: 10),
            },
        },
    };

    private static ListParticipantsResponse Participants() => new()
    {
        Participants =
        {
            new Participant
            {
                Name = "inventory",
                Resource = new Contracts.V1.ResourceIdentity
                {
                    Kind = Contracts.V1.ResourceKind.Postgres, Server = "7341", Database = "stock", Row = "r1",
                },
                Instances =
                {
                    new Instance
                    {
                        Instance_ = "4f7c01ab", AttachedAt = At(hour: 9), SqlAddress = "http://10.0.0.5:7080", ServerVersion = "17.2",
                    },
                },
                LastScanAt = At(hour: 10),
                OpenBranches = 2,
            },
            new Participant
            {
                Name = "payments",
                Resource = new Contracts.V1.ResourceIdentity
                {
                    Kind = Contracts.V1.ResourceKind.Mariadb, Server = "u-1", Database = "pay", Row = "r2",
                },
                LastScanError = "timeout",
                Undelivered = 1,
            },
        },
    };
}
