using System.Globalization;

namespace Coordinator.Server;

/// <summary>Durations as people write them in options: 500ms, 30s, 10m, 2h, 7d, or hh:mm:ss.</summary>
internal static class Durations
{
    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)), ("d", TimeSpan.FromDays(1)),
    ];

    public static TimeSpan Parse(string text)
    {
        foreach (var (unit, length) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && int.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && count <= TimeSpan.MaxValue / length)
            {
                return count * length;
            }
        }

        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span)
            ? span
            : throw new FormatException("a duration such as 500ms, 30s, 10m, 2h, 7d or 00:00:30");
    }

    public static string Format(TimeSpan span)
    {
        foreach (var (unit, length) in Units.Reverse())
        {
            if (span != TimeSpan.Zero && span.Ticks % length.Ticks == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{span.Ticks / length.Ticks}{unit}");
        }

        return span == TimeSpan.Zero ? "0s" : span.ToString("c", CultureInfo.InvariantCulture);
    }
}
