using Coordinator.Contracts.V1;
using Coordinator.Testing;
using VoteKind = Coordinator.Contracts.V1.VoteAnswer.Types.Vote;

namespace Coordinator.Server.Tests;

/// <summary>Participants that lie: a clear outcome for the transaction that they are in, nothing for all others.</summary>
public class LiarTests
{
    private const string Liar = "inventory.4f7c01ab", Honest = "orders.aaaa1111";

    [Fact]
    public async Task Vote_SentTwiceAndDifferently_TheFirstCounts()
    {
        await using var pair = await Pair.StartAsync();
        pair.Liar.Script = command =>
        {
            if (command.Prepare is not null)
                _ = pair.Liar.SendAsync(Vote(command.CommandId, VoteKind.Prepared), Vote(command.CommandId, VoteKind.No));
            return command.Prepare is not null ? null : ScriptedParticipant.Agree(command);
        };

        Assert.Equal(Outcome.Committed, (await pair.CommitAsync()).Outcome);
        Assert.False(pair.Liar.Ended.IsCompleted);
    }

    [Fact]
    public async Task Vote_OfAnotherCommandOrAnOldOne_IsNone()
    {
        await using var pair = await Pair.StartAsync();
        pair.Liar.Script = command => command.Prepare is null
            ? ScriptedParticipant.Agree(command)
            : new Answer { CommandId = command.CommandId + 1_000, Vote = new VoteAnswer { Vote = VoteKind.Prepared } };
        // Those of the first scan, which have been answered.
        await pair.Liar.SendAsync(Vote(1, VoteKind.Prepared), Vote(2, VoteKind.Prepared));

        var response = await pair.CommitAsync();

        Assert.Equal((Outcome.Aborted, "PARTICIPANT_UNAVAILABLE"), (response.Outcome, response.ReasonCode));
        Assert.Single(pair.Orders.Commands, command => command.Rollback is not null);
    }

    [Fact]
    public async Task Prepare_NeverAnswered_AbortsAndHoldsUpNobodyElse_R11()
    {
        await using var pair = await Pair.StartAsync();
        pair.Liar.Script = command => command.Prepare is null ? ScriptedParticipant.Agree(command) : null;
        var waiting = pair.CommitAsync();

        var other = await pair.Server.BeginAsync();
        await pair.Orders.EnlistAsync(other, Honest);
        var committed = await pair.Server.Transactions.CommitAsync(new CommitRequest { TransactionId = other, Branches = { Honest } });

        Assert.Equal(Outcome.Committed, committed.Outcome);
        Assert.Equal(Outcome.Aborted, (await waiting).Outcome);
    }

    // It says that a branch committed for which nobody ever decided.
    [Fact]
    public async Task Rollback_ReportedCommitted_IsHeuristicUntilForgotten()
    {
        await using var pair = await Pair.StartAsync();
        pair.Orders.Script = command => command.Prepare is null
            ? ScriptedParticipant.Agree(command)
            : new Answer { Vote = new VoteAnswer { Vote = VoteKind.No, Reason = "no" } };
        pair.Liar.Script = command => command.Rollback is null
            ? ScriptedParticipant.Agree(command)
            : ScriptedParticipant.Report(Contracts.V1.BranchReport.Types.BranchOutcome.Committed);

        var response = await pair.CommitAsync();

        Assert.Equal(Outcome.HeuristicMixed, response.Outcome);
        var listed = Assert.Single((await pair.Server.Operators.ListInDoubtAsync(new ListInDoubtRequest())).Heuristics);
        Assert.Equal((Liar, "ABORT", "COMMITTED"), (listed.Branch, listed.Decided, listed.Found));
        var shown = await pair.Server.Operators.ShowTransactionAsync(new ShowTransactionRequest { TransactionId = pair.Id });
        Assert.Equal(listed, Assert.Single(shown.Heuristics));
        var forgotten = await pair.Server.Operators.ForgetAsync(new ForgetRequest { TransactionId = pair.Id, Reason = "booked by hand" });
        Assert.Equal(1, forgotten.Forgotten);
        Assert.Empty((await pair.Server.Operators.ListInDoubtAsync(new ListInDoubtRequest())).Heuristics);
    }

    [Fact]
    public async Task Vote_NoWithAHugeReason_IsCut()
    {
        await using var pair = await Pair.StartAsync();
        pair.Liar.Script = command => command.Prepare is null
            ? ScriptedParticipant.Agree(command)
            : new Answer { Vote = new VoteAnswer { Vote = VoteKind.No, Reason = new string('x', 500_000) + "\u001b[2J" } };

        var response = await pair.CommitAsync();

        Assert.Equal((Outcome.Aborted, "VOTED_NO"), (response.Outcome, response.ReasonCode));
        Assert.InRange(response.Reason.Length, 1, 1_200);
    }

    [Fact]
    public async Task Scan_ListsAnothersBranches_TheyAreNotFinishedThroughIt()
    {
        await using var pair = await Pair.StartAsync();
        var coordinator = pair.Server.Server.Coordinator;
        var invented = TransactionId.Create(coordinator.Cluster, coordinator.Epoch, 4_711, 1).Value;
        pair.Liar.Script = command => command.ListPrepared is null ? ScriptedParticipant.Agree(command) : Scan((invented, Honest), (invented, "nobody.aaaa1111"));

        await pair.Liar.SendAsync(new ParticipantMessage { ResourceRestarted = new ResourceRestarted { ServerStart = "s2" } });

        var report = await pair.Server.Operators.ListInDoubtAsync(new ListInDoubtRequest());
        Assert.Equal(("nobody.aaaa1111", InDoubtKind.Quarantined), (report.Branches.Single().Branch, report.Branches.Single().Kind));
        Assert.DoesNotContain(pair.Liar.Commands, command => command.Rollback is not null || command.Commit is not null);
        Assert.Equal(Outcome.Committed, (await pair.CommitAsync()).Outcome);
    }

    // Each invented branch would be kept until an operator forgets it, in memory and in the log.
    [Fact]
    public async Task Scan_InventsBranchesThatCommitted_KeepsNoMoreThanTheLimit()
    {
        await using var pair = await Pair.StartAsync(options => options with { Engine = options.Engine with { MaxScanHeuristics = 3 } });
        var coordinator = pair.Server.Server.Coordinator;
        var invented = Enumerable.Range(1, 20).Select(i => (TransactionId.Create(coordinator.Cluster, coordinator.Epoch, 10_000 + i, 1).Value, Liar)).ToArray();
        pair.Liar.Script = command => command switch
        {
            { ListPrepared: not null } => Scan(invented),
            { Rollback: not null } => ScriptedParticipant.Report(Contracts.V1.BranchReport.Types.BranchOutcome.Committed),
            _ => ScriptedParticipant.Agree(command),
        };

        await pair.Liar.SendAsync(new ParticipantMessage { ResourceRestarted = new ResourceRestarted { ServerStart = "s2" } });

        await Eventually.AssertAsync(
            () => pair.Liar.Commands.Count(command => command.Rollback is not null) >= 20, TestServer.Limit, "all are rolled back");
        // What is recorded at once may overtake the count, by as many as threads look at once.
        await Eventually.AssertAsync(async () => Assert.InRange(await CountAsync(), 3, 10), TestServer.Limit, "the first are recorded");
        pair.Liar.Commands.Clear();
        await pair.Liar.SendAsync(new ParticipantMessage { ResourceRestarted = new ResourceRestarted { ServerStart = "s3" } });
        await Eventually.AssertAsync(
            () => pair.Liar.Commands.Count(command => command.Rollback is not null) >= 20, TestServer.Limit, "all are rolled back again");
        Assert.InRange(await CountAsync(), 3, 10);

        async Task<int> CountAsync() => (await pair.Server.Operators.ListInDoubtAsync(new ListInDoubtRequest())).Heuristics.Count;
    }

    // Somebody reads it: an operator, or a client.
    [Fact]
    public async Task Failed_WithoutAReason_HasAText()
    {
        var pending = new PendingCommands();
        var (id, answer) = pending.Add(Answer.AnswerOneofCase.Done, done => done);

        Assert.Equal(Received.Expected, pending.Complete(new Answer { CommandId = id, Failed = new Failed { Message = " \n" } }));

        var failure = await Assert.ThrowsAsync<ParticipantUnavailableException>(() => answer);
        Assert.False(string.IsNullOrWhiteSpace(failure.Message));
    }

    private static ParticipantMessage Vote(ulong command, VoteKind vote) =>
        new() { Answer = new Answer { CommandId = command, Vote = new VoteAnswer { Vote = vote } } };

    private static Answer Scan(params (string Transaction, string Branch)[] branches) => new()
    {
        Scan = new Contracts.V1.PreparedScan
        {
            Branches = { branches.Select(branch => new Contracts.V1.PreparedBranch { Raw = "x", TransactionId = branch.Transaction, Branch = branch.Branch }) },
        },
    };

    /// <summary>A liar and an honest participant with a branch each of one transaction.</summary>
    private sealed record Pair(TestServer Server, ScriptedParticipant Liar, ScriptedParticipant Orders, string Id) : IAsyncDisposable
    {
        public static async Task<Pair> StartAsync(Func<ServerOptions, ServerOptions>? change = null)
        {
            var server = await TestServer.StartAsync(options => (change ?? (same => same))(
                options with { Engine = options.Engine with { CommandTimeout = TimeSpan.FromSeconds(1) } }));
            var liar = await server.AttachAsync();
            var orders = await server.AttachAsync("orders", "aaaa1111");
            await Eventually.AssertAsync(
                async () => (await server.Operators.ListParticipantsAsync(new ListParticipantsRequest())).Participants.All(participant => participant.LastScanAt is not null),
                TestServer.Limit, "the first scans are done");
            var id = await server.BeginAsync();
            Assert.Equal("", (await liar.EnlistAsync(id, LiarTests.Liar)).RefusedReason);
            Assert.Equal("", (await orders.EnlistAsync(id, Honest)).RefusedReason);
            return new Pair(server, liar, orders, id);
        }

        public async Task<CommitResponse> CommitAsync() =>
            await Server.Transactions.CommitAsync(new CommitRequest { TransactionId = Id, Branches = { LiarTests.Liar, Honest } });

        public async ValueTask DisposeAsync()
        {
            await Liar.DisposeAsync();
            await Orders.DisposeAsync();
            await Server.DisposeAsync();
        }
    }
}
