using Coordinator.Lab.Measure;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;
using Coordinator.Saga;

namespace Coordinator.Lab.Tests;

/// <summary>How values are taken, and what is drawn.</summary>
public class MeasureTests
{
    [Fact]
    public void Distribution_Values_AreSomeThatWereMeasured()
    {
        var distribution = Distribution.Of(Enumerable.Range(1, 200).Select(n => (double)n).Reverse());

        Assert.Equal(new Distribution(200, 100, 198, 200), distribution);
    }

    [Fact]
    public void Distribution_OfNothing_IsZero() => Assert.Equal(new Distribution(0, 0, 0, 0), Distribution.Of([]));

    [Fact]
    public async Task Load_Failures_AreCountedByTheirKind()
    {
        var attempts = 0;
        var load = await Load.RunAsync(clients: 1, TimeSpan.FromMilliseconds(200), seed: 1, (_, _, _) => (attempts++ % 3) switch
        {
            0 => Task.CompletedTask,
            1 => throw new StepRefusedException("no"),
            _ => throw new TimeoutException(),
        });

        Assert.Equal(attempts, load.Attempts.Count);
        Assert.True(load.Count(AttemptEnd.Done) >= load.Count(AttemptEnd.Refused) && load.Count(AttemptEnd.Refused) >= load.Count(AttemptEnd.Aborted));
        Assert.Equal(load.Count(AttemptEnd.Done), load.Latency.Count);
    }

    [Fact]
    public async Task Load_AFailureNobodyKnows_EndsTheExperiment() =>
        await Assert.ThrowsAsync<DivideByZeroException>(() => Load.RunAsync(2, TimeSpan.FromSeconds(30), 1, (_, _, _) => throw new DivideByZeroException()));

    [Fact]
    public void Order_Drawn_FollowsTheSeedAndNeverNamesAProductTwice()
    {
        var (one, other) = (new Random(5), new Random(5));
        for (var i = 0; i < 1000; i++)
        {
            var order = Order.Draw($"o{i}", one, products: 7, firstProduct: 3);
            Assert.Equal(order, Order.Draw($"o{i}", other, products: 7, firstProduct: 3));
            Assert.All(order.Products, product => Assert.InRange(product, 3, 9));
            Assert.Equal(order.Products.Count(), order.Products.Distinct().Count());
            Assert.Equal(order, Order.Parse(order.ToString()));
        }

        Assert.Null(Order.Draw("one", one, products: 1).Second);
    }

    [Fact]
    public void LockClock_FirstLockedToReleased_IsNotedOnce()
    {
        var clock = new LockClock();
        clock.Locked("a");
        clock.Locked("a");
        Assert.Single(clock.Held());
        clock.Released("a");
        clock.Released("a");
        clock.Released("never locked");

        Assert.Single(clock.Take());
        Assert.Empty(clock.Take());
        Assert.Empty(clock.Held());
    }
}
