using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Coordinator.Lab.World;

/// <summary>
/// A TCP proxy on loopback that holds back every byte for the same time in each direction, as a longer wire would:
/// bandwidth and order stay. The delay varies by up to a tenth, from a seeded source, and may be changed while it runs.
/// </summary>
internal sealed class DelayProxy : IAsyncDisposable
{
    private const int ChunkBytes = 64 * 1024;
    private const int QueuedChunks = 4096;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _targetPort;
    private readonly Random _random;
    private readonly Task _accepting;
    private long _delayTicks;
    private long _heldTicks, _heldChunks;

    public DelayProxy(int targetPort, TimeSpan delay, int seed)
    {
        (_targetPort, _random, Delay) = (targetPort, new Random(seed), delay);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>One way.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _delayTicks));
        set => Interlocked.Exchange(ref _delayTicks, value.Ticks);
    }

    /// <summary>How long bytes were really held, one way, on average since the last call: timers are coarse.</summary>
    public TimeSpan TakeMeasuredDelay()
    {
        var chunks = Interlocked.Exchange(ref _heldChunks, 0);
        var ticks = Interlocked.Exchange(ref _heldTicks, 0);
        return chunks == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)ticks / chunks / Stopwatch.Frequency);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    // One connection; when either side ends or fails, both do, as they would without a proxy between them.
    private async Task ServeAsync(TcpClient near)
    {
        using var far = new TcpClient { NoDelay = true };
        using (near)
        {
            near.NoDelay = true;
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, _targetPort, _stop.Token);
                using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                Task[] ways = [CopyAsync(near.GetStream(), far.GetStream(), end.Token), CopyAsync(far.GetStream(), near.GetStream(), end.Token)];
                await Task.WhenAny(ways);
                await end.CancelAsync();
                await Task.WhenAll(ways);
            }
            catch (Exception ended) when (ended is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The peers see the end of their connections, and that is all there is to tell.
            }
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, CancellationToken cancellationToken)
    {
        var chunks = Channel.CreateBounded<(byte[] Bytes, long Read, long Due)>(QueuedChunks);
        var writing = WriteAsync(chunks.Reader, to, cancellationToken);
        var buffer = new byte[ChunkBytes];
        try
        {
            while (await from.ReadAsync(buffer, cancellationToken) is var count && count > 0)
            {
                var now = Stopwatch.GetTimestamp();
                await chunks.Writer.WriteAsync((buffer[..count], now, now + NextDelay()), cancellationToken);
            }
        }
        finally
        {
            chunks.Writer.TryComplete();
            await writing;
        }
    }

    private async Task WriteAsync(ChannelReader<(byte[] Bytes, long Read, long Due)> chunks, NetworkStream to, CancellationToken cancellationToken)
    {
        await foreach (var (bytes, read, due) in chunks.ReadAllAsync(cancellationToken))
        {
            var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (left > TimeSpan.Zero)
                await Task.Delay(left, cancellationToken);
            await to.WriteAsync(bytes, cancellationToken);
            Interlocked.Add(ref _heldTicks, Stopwatch.GetTimestamp() - read);
            Interlocked.Increment(ref _heldChunks);
        }
    }

    private long NextDelay()
    {
        var delay = Delay;
        if (delay == TimeSpan.Zero)
            return 0;
        double factor;
        lock (_random)
            factor = 0.9 + (0.2 * _random.NextDouble());
        return (long)(delay.TotalSeconds * factor * Stopwatch.Frequency);
    }
}
