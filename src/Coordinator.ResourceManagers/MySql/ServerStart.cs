using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// When the server started. It tells its uptime by the statement's own clock, so with that clock held still the
/// difference is the same at every look; the difference to the real time wavers by a second.
/// </summary>
internal static class ServerStart
{
    private const long HeldClock = 2_000_000_000;

    public static readonly string Query = string.Create(
        CultureInfo.InvariantCulture, $"SET timestamp = {HeldClock}; SHOW GLOBAL STATUS LIKE 'Uptime'; SET timestamp = DEFAULT");

    public static string Read(IReadOnlyList<string?[]> rows)
    {
        // A server that started behind the held clock has a negative uptime, told as unsigned.
        var uptime = unchecked((long)ulong.Parse(rows[0][1]!, CultureInfo.InvariantCulture));
        return (HeldClock - uptime).ToString(CultureInfo.InvariantCulture);
    }
}
