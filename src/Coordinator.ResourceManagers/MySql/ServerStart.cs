using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// When the server started. It tells its uptime by the statement's own clock, so with that clock held still the
/// difference is the same at every look; the difference to the real time wavers by a second. A kill and a start may fall
/// into one second, so the clock sequence of UUID(), drawn anew by each start, stands beside it.
/// </summary>
internal static class ServerStart
{
    private const long HeldClock = 2_000_000_000;

    public static readonly string Query = string.Create(
        CultureInfo.InvariantCulture, $"SET timestamp = {HeldClock}; SHOW GLOBAL STATUS LIKE 'Uptime'; SET timestamp = DEFAULT; SELECT SUBSTRING(UUID(), 20, 4)");

    /// <summary>The number of results that <see cref="Query"/> returns.</summary>
    public const int ResultCount = 2;

    public static string Read(IReadOnlyList<IReadOnlyList<string?[]>> results)
    {
        // A server that started behind the held clock has a negative uptime, told as unsigned.
        var uptime = unchecked((long)ulong.Parse(results[0][0][1]!, CultureInfo.InvariantCulture));
        return string.Create(CultureInfo.InvariantCulture, $"{HeldClock - uptime}/{results[1][0][0]}");
    }
}
