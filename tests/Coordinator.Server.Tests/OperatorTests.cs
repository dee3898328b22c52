using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Server.Tests;

/// <summary>What operators see and settle, over the wire.</summary>
public class OperatorTests
{
    private const string Branch = "inventory.4f7c01ab";

    [Fact]
    public async Task ListTransactions_MoreThanTheLimit_PagesNewestFirst()
    {
        await using var server = await TestServer.StartAsync();
        await server.BeginAsync();
        await server.BeginAsync();
        var newest = await server.BeginAsync();

        var page = await server.Operators.ListTransactionsAsync(new ListTransactionsRequest { Limit = 2 });

        Assert.True(page.More);
        Assert.Equal(2, page.Transactions.Count);
        Assert.Equal(newest, page.Transactions[0].TransactionId);
        var committed = await server.Operators.ListTransactionsAsync(new ListTransactionsRequest { States = { TransactionState.Committed } });
        Assert.Empty(committed.Transactions);
    }

    [Fact]
    public async Task Resolve_LiveTransaction_AbortsIt()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        var id = await server.BeginAsync();
        await participant.EnlistAsync(id, Branch);

        var response = await server.Operators.ResolveAsync(
            new ResolveRequest { TransactionId = id, Action = ResolveRequest.Types.Action.Rollback, Reason = "stuck" });

        Assert.Equal(Outcome.Aborted, response.Outcome);
        var shown = await server.Operators.ShowTransactionAsync(new ShowTransactionRequest { TransactionId = id });
        Assert.Equal("stuck", shown.Transaction.Reason);
    }

    [Fact]
    public async Task ListInDoubt_PreparedBranches_AreToldApart()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        var live = await server.BeginAsync();
        participant.Script = command => command.ListPrepared is null ? ScriptedParticipant.Agree(command) : new Answer
        {
            Scan = new Contracts.V1.PreparedScan
            {
                Branches =
                {
                    new Contracts.V1.PreparedBranch { Raw = "live", TransactionId = live, Branch = Branch },
                    new Contracts.V1.PreparedBranch { Raw = "theirs", TransactionId = "zzzzzzzz-1x9f8e7d6c-1-0123456789abcdef", Branch = Branch },
                    new Contracts.V1.PreparedBranch { Raw = "some\u0007thing" },
                },
            },
        };

        var report = await server.Operators.ListInDoubtAsync(new ListInDoubtRequest());

        Assert.Equal(
            [("live", InDoubtKind.Live), ("some thing", InDoubtKind.NotOurs), ("theirs", InDoubtKind.Foreign)],
            report.Branches.Select(branch => (branch.Raw, branch.Kind)));
        Assert.Empty(report.FailedScans);
    }

    // Two ids look the same once they are printable, and stand on two pages.
    [Fact]
    public async Task ListInDoubt_SmallPages_ListEveryBranchOnce()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        string[] raws = ["same", "b", "same", "a", "same", "c"];
        participant.Script = command => command.ListPrepared is null ? ScriptedParticipant.Agree(command) : new Answer
        {
            Scan = new Contracts.V1.PreparedScan { Branches = { raws.Select(raw => new Contracts.V1.PreparedBranch { Raw = raw }) } },
        };
        var listed = new List<string>();
        var request = new ListInDoubtRequest { PageSize = 2 };
        do
        {
            var page = await server.Operators.ListInDoubtAsync(request);
            Assert.InRange(page.Branches.Count, 1, 2);
            listed.AddRange(page.Branches.Select(branch => branch.Raw));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(raws.Order(StringComparer.Ordinal), listed);
    }

    [Theory]
    [InlineData(-1, "", "page_size")]
    [InlineData(1_001, "", "page_size")]
    [InlineData(0, "no token", "page_token")]
    [InlineData(0, "AAAA", "page_token")]
    public async Task ListInDoubt_BadPage_IsRefused(int size, string token, string field)
    {
        await using var server = await TestServer.StartAsync();
        var failure = await TestServer.FailureOfAsync(
            async () => await server.Operators.ListInDoubtAsync(new ListInDoubtRequest { PageSize = size, PageToken = token }));
        Assert.Equal((StatusCode.InvalidArgument, field), (failure.Status, failure.Info.Metadata["field"]));
    }

    // The log was restored: the branch is of a later start than the running one, which its operator must be able to end.
    [Fact]
    public async Task Resolve_QuarantinedOfALaterEpoch_IsSettled_R7()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        var coordinator = server.Server.Coordinator;
        var later = TransactionId.Create(coordinator.Cluster, new Epoch(coordinator.Epoch.Number + 5, 7), 1, 1).Value;
        participant.Script = command => command.ListPrepared is null ? ScriptedParticipant.Agree(command) : new Answer
        {
            Scan = new Contracts.V1.PreparedScan { Branches = { new Contracts.V1.PreparedBranch { Raw = "x", TransactionId = later, Branch = Branch } } },
        };
        var shown = (await server.Operators.ListInDoubtAsync(new ListInDoubtRequest())).Branches.Single();
        Assert.Equal((InDoubtKind.Quarantined, $"coordctl resolve {later} --commit|--rollback --reason TEXT"), (shown.Kind, shown.Settle));

        var resolved = await server.Operators.ResolveAsync(
            new ResolveRequest { TransactionId = later, Action = ResolveRequest.Types.Action.Commit, Reason = "in the books" });

        Assert.Equal((Outcome.Committed, BranchState.Committed), (resolved.Outcome, resolved.Branches.Single().State));
    }

    [Fact]
    public async Task Participants_AttachedThenGone_AreShownAndRemoved()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        await Eventually.AssertAsync(
            async () =>
            {
                var shown = (await server.Operators.ListParticipantsAsync(new ListParticipantsRequest())).Participants.Single();
                Assert.Equal(("inventory", "7301"), (shown.Name, shown.Resource.Server));
                Assert.Equal(("4f7c01ab", "http://127.0.0.1:7080"), (shown.Instances.Single().Instance_, shown.Instances.Single().SqlAddress));
                Assert.NotNull(shown.LastScanAt);
            },
            TestServer.Limit, "it is attached and scanned");
        var attached = await TestServer.FailureOfAsync(async () => await RemoveAsync(server));
        Assert.Equal((StatusCode.FailedPrecondition, Reason.WrongState), (attached.Status, attached.Reason));

        await participant.CompleteAsync();
        await participant.Ended;

        Assert.Equal(0, (await RemoveAsync(server)).AbandonedBranches);
        Assert.Empty((await server.Operators.ListParticipantsAsync(new ListParticipantsRequest())).Participants);
    }

    [Fact]
    public async Task GetStatus_AfterACommit_CountsIt()
    {
        await using var server = await TestServer.StartAsync();
        await server.Transactions.CommitAsync(new CommitRequest { TransactionId = await server.BeginAsync() });

        var status = await server.Operators.GetStatusAsync(new GetStatusRequest());

        Assert.Equal(("SERVING", "", 1L, 1L), (status.Health, status.Detail, status.Begun, status.Committed));
        Assert.Equal(server.Server.Coordinator.Epoch.ToString(), status.Epoch);
        Assert.InRange(status.LogPosition, 1, 10);
    }

    private static async Task<RemoveParticipantResponse> RemoveAsync(TestServer server) =>
        await server.Operators.RemoveParticipantAsync(new RemoveParticipantRequest { Name = "inventory", Reason = "gone" });
}
