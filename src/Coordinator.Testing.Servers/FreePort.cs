using System.Net;
using System.Net.Sockets;

namespace Coordinator.Testing;

/// <summary>A port on 127.0.0.1 that nobody listens on.</summary>
public static class FreePort
{
    // Below 32768, where Linux begins to take the near ends of connections from: a port found there could be lost to
    // one of these while the process that it is meant for is down.
    private const int First = 20000;
    private const int End = 32768;

    public static int Find()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var port = Random.Shared.Next(First, End);
            if (IsFree(port))
                return port;
        }

        throw new InvalidOperationException($"No free port found between {First} and {End}");
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
