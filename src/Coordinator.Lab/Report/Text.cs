using System.Globalization;

namespace Coordinator.Lab.Report;

/// <summary>Numbers as people read them.</summary>
internal static class Text
{
    /// <summary>About three digits, with thousands apart.</summary>
    public static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1e15 or double.NaN => value.ToString("0.##e0", CultureInfo.InvariantCulture),
        >= 99.95 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 9.995 => value.ToString("0.#", CultureInfo.InvariantCulture),
        >= 0.9995 => value.ToString("0.##", CultureInfo.InvariantCulture),
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };

    /// <summary>A time in the unit that suits it.</summary>
    public static string Milliseconds(double milliseconds) =>
        milliseconds >= 1000 ? $"{Number(milliseconds / 1000)} s" : $"{Number(milliseconds)} ms";

    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Count(long count, string one, string many) => $"{Count(count)} {(count == 1 ? one : many)}";

    public static string Times(double factor) => factor >= 100 ? "more than 100 times" : $"{Number(Math.Round(factor, factor < 10 ? 1 : 0))} times";

    public static string Percent(double share) => share is > 0 and < 0.001 ? "under 0.1 %" : (share * 100).ToString(share < 0.1 ? "0.#" : "0", CultureInfo.InvariantCulture) + " %";
}
