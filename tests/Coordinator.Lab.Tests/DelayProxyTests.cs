using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Tests;

/// <summary>The proxy between two ends on loopback.</summary>
public sealed class DelayProxyTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly TcpListener _far = new(IPAddress.Loopback, 0);

    public DelayProxyTests() => _far.Start();

    private int FarPort => ((IPEndPoint)_far.LocalEndpoint).Port;

    public void Dispose() => _far.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public async Task Bytes_BothWays_ArriveInOrderAndNotBeforeTheDelay(int delay)
    {
        await using var proxy = new DelayProxy(FarPort, TimeSpan.FromMilliseconds(delay), seed: 1);
        using var near = new TcpClient();
        await near.ConnectAsync(IPAddress.Loopback, proxy.Port);
        using var served = await _far.AcceptTcpClientAsync().WaitAsync(Limit);
        var sent = new byte[300_000];
        new Random(1).NextBytes(sent);
        var started = Stopwatch.GetTimestamp();

        var writing = near.GetStream().WriteAsync(sent).AsTask();
        var there = new byte[sent.Length];
        await served.GetStream().ReadExactlyAsync(there).AsTask().WaitAsync(Limit);
        await writing;
        await served.GetStream().WriteAsync(there.AsMemory(0, 10));
        var back = new byte[10];
        await near.GetStream().ReadExactlyAsync(back).AsTask().WaitAsync(Limit);

        Assert.Equal(sent, there);
        Assert.Equal(sent[..10], back);
        // A tenth less, at most, each way.
        Assert.True(Stopwatch.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(2 * 0.9 * delay));
    }

    [Fact]
    public async Task End_OfOneSide_EndsTheOther()
    {
        await using var proxy = new DelayProxy(FarPort, TimeSpan.Zero, seed: 1);
        using var near = new TcpClient();
        await near.ConnectAsync(IPAddress.Loopback, proxy.Port);
        using (await _far.AcceptTcpClientAsync().WaitAsync(Limit))
        {
        }

        Assert.Equal(0, await near.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Limit));
    }

    [Fact]
    public async Task Connect_NobodyBehind_EndsTheConnection()
    {
        var port = FarPort;
        _far.Stop();
        await using var proxy = new DelayProxy(port, TimeSpan.Zero, seed: 1);
        using var near = new TcpClient();
        await near.ConnectAsync(IPAddress.Loopback, proxy.Port);

        Assert.Equal(0, await near.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Limit));
    }
}
