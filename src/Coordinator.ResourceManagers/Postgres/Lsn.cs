using System.Globalization;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>A position in PostgreSQL's write-ahead log: <c>{high, hex}/{low, hex}</c>.</summary>
internal readonly record struct Lsn(ulong Value)
{
    public static bool TryParse(ReadOnlySpan<char> text, out Lsn lsn)
    {
        lsn = default;
        var slash = text.IndexOf('/');
        if (slash < 0 || !TryParseHalf(text[..slash], out var high) || !TryParseHalf(text[(slash + 1)..], out var low))
            return false;
        lsn = new Lsn(((ulong)high << 32) | low);
        return true;
    }

    public static Lsn Parse(string text) =>
        TryParse(text, out var lsn) ? lsn : throw new FormatException("A log position is two hexadecimal halves.");

    public static bool operator <=(Lsn left, Lsn right) => left.Value <= right.Value;

    public static bool operator >=(Lsn left, Lsn right) => left.Value >= right.Value;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Value >> 32:X}/{Value & uint.MaxValue:X}");

    private static bool TryParseHalf(ReadOnlySpan<char> text, out uint half) =>
        uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out half);
}
