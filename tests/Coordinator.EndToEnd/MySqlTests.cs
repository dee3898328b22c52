using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>The same order with the stock in real MySQL, whose prepared branches are detached from their sessions.</summary>
public sealed class MySqlTests
{
    [MySqlFact]
    public async Task Order_CommitsAndSurvivesTheKillOfItsParticipantAndCoordinator()
    {
        await using var shop = await Shop.StartAsync(DatabaseKind.MySql);
        using var client = shop.Connect();
        await using (var transaction = await shop.WorkAsync(client))
            await transaction.CommitAsync();

        await using var drilled = await shop.WorkAsync(client, "drill-decided");
        var commit = drilled.CommitAsync();
        await shop.CoordinatorProcess.WaitForLineAsync("reached decided", TimeSpan.FromSeconds(20));
        await shop.KillAsync("inventory");
        await shop.KillAsync("coordinator");
        await shop.StartCoordinatorAsync();
        await shop.StartParticipantAsync("inventory");

        await commit;
        await shop.AssertAgreementAsync(expectedOrders: 2);
    }
}
