using System.Globalization;
using System.Security.Cryptography;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// By what a witness row names its session: the server's number of the connection in the low half, a random number in the
/// high one. As long as it lives the session holds a user-level lock of that name, so that it is not taken for another
/// one that got the same connection number after a restart of the server.
/// </summary>
internal static class SessionNumber
{
    /// <summary>The connection's number, of a row of <c>coordinator_witness</c>.</summary>
    public const string Connection = "connection_id & 4294967295";

    /// <summary>The connection that holds that lock now, or NULL.</summary>
    public const string Holder = $"IS_USED_LOCK(CONCAT({Prefix}, connection_id))";

    private const string Prefix = "'coordinator:session:'";

    /// <summary>The lock's name, as an expression.</summary>
    public static string LockName(ulong number) => string.Create(CultureInfo.InvariantCulture, $"CONCAT({Prefix}, {number})");

    /// <summary>An expression that takes the lock; 1 if it was had.</summary>
    /// <param name="random">The high half.</param>
    public static string Draw(out ulong random)
    {
        random = (ulong)RandomNumberGenerator.GetInt32(1, int.MaxValue) << 32;
        return string.Create(CultureInfo.InvariantCulture, $"GET_LOCK(CONCAT({Prefix}, {random} | CONNECTION_ID()), 0)");
    }
}
