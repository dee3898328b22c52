using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.MySql;

[Trait("needs", "mysql")]
public sealed class RealMySqlTraps : MySqlTraps
{
    [Fact]
    public async Task Witnessless_FromElsewhere_TheFirstAnswerIsBelieved()
    {
        await using var first = Database.CreateResource(witness: false);
        await first.AttachAsync(default);
        var session = await first.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default);
        await session.InsertAsync(TestDatabase.NewRow());
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));

        Assert.Equal(BranchOutcome.Committed, (await Resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.Unknown, (await Resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
    }

    protected override Task<PrivateServer> GetServerAsync() => SharedServers.MySqlAsync();
}
