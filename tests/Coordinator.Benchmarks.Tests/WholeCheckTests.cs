using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.TwoPhase;
using Coordinator.Testing;

namespace Coordinator.Benchmarks.Tests;

/// <summary>A run whose work was not done fails.</summary>
public class WholeCheckTests
{
    [Fact]
    public async Task Changes_OneTooFewOrTooMany_Throws()
    {
        var database = await OrderDatabase.CreateAsync(await SharedServers.PostgresAsync());
        await database.Server.QueryAsync("UPDATE item SET amount = amount + 1 WHERE product < 3;", database.Name);

        await WholeCheck.ChangesAsync(database, committed: 3);

        await Assert.ThrowsAsync<InvalidOperationException>(() => WholeCheck.ChangesAsync(database, committed: 2));
        await Assert.ThrowsAsync<InvalidOperationException>(() => WholeCheck.ChangesAsync(database, committed: 4));
    }

    [Fact]
    public async Task NothingPrepared_ABranchIsLeft_Throws()
    {
        var postgres = await SharedServers.PostgresAsync();
        await postgres.QueryAsync("BEGIN; CREATE TABLE left_over (n INT); PREPARE TRANSACTION 'left over';");

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => WholeCheck.NothingPreparedAsync(() => ServerPair.CountPreparedAsync(postgres), limit: TimeSpan.FromMilliseconds(300)));

        await postgres.QueryAsync("ROLLBACK PREPARED 'left over';");
        await WholeCheck.NothingPreparedAsync(() => ServerPair.CountPreparedAsync(postgres), limit: TimeSpan.FromSeconds(10));
    }
}
