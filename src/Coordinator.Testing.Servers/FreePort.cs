using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Coordinator.Testing;

/// <summary>
/// A port on 127.0.0.1 that nobody listens on, and that is nobody else's until this process ends: what listens there may
/// be killed and started again while other processes look for ports.
/// </summary>
public static class FreePort
{
    // Above the database servers' own ports, and below 32768, where Linux begins to take the near ends of connections from.
    private const int First = 26000;
    private const int End = 32768;

    private static readonly string Folder = Path.Combine(Path.GetTempPath(), $"coordinator-ports-{Environment.UserName}");
    private static readonly ConcurrentBag<FileStream> Taken = [];

    public static int Find()
    {
        Directory.CreateDirectory(Folder);
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var port = Random.Shared.Next(First, End);
            if (TryTake(port) is not { } mark)
                continue;
            if (!IsFree(port))
            {
                mark.Dispose();
                continue;
            }

            Taken.Add(mark);
            return port;
        }

        throw new InvalidOperationException($"No free port found between {First} and {End}");
    }

    // The lock on the file goes with the process, however that ends.
    private static FileStream? TryTake(int port)
    {
        try
        {
            return new FileStream(Path.Combine(Folder, $"{port}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
