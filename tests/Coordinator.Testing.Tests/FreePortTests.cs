namespace Coordinator.Testing.Tests;

public class FreePortTests
{
    /// <summary>What listens at a port may be down for a moment. Expected: the port is nobody else's even so.</summary>
    [Fact]
    public void Find_OftenWithoutListening_NeverTheSameTwice()
    {
        var ports = Enumerable.Range(0, 200).Select(_ => FreePort.Find()).ToList();

        Assert.Equal(ports.Count, ports.Distinct().Count());
    }
}
