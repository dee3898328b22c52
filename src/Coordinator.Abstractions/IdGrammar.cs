using System.Globalization;

namespace Coordinator;

/// <summary>
/// The character rules that the ids share. Ids are spliced into SQL where a database takes no parameter (PostgreSQL's
/// gid, the XID of XA), so nothing outside these sets may ever pass.
/// </summary>
internal static class IdGrammar
{
    public static bool IsAlphanumeric(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9')))
                return false;
        }

        return text.Length > 0;
    }

    /// <summary>Decimal digits without a leading zero, so that one number has one text.</summary>
    public static bool TryParseNumber(ReadOnlySpan<char> text, int maxDigits, out long number)
    {
        number = 0;
        if (text.Length == 0 || text.Length > maxDigits || (text[0] == '0' && text.Length > 1))
            return false;
        // .NET reads a number with NUL characters behind it as that number.
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
                return false;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Lower-case hexadecimal of exactly <paramref name="digits"/> digits.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> text, int digits, out ulong number)
    {
        number = 0;
        if (text.Length != digits)
            return false;
        foreach (var c in text)
        {
            if (c is not ((>= 'a' and <= 'f') or (>= '0' and <= '9')))
                return false;
        }

        return ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
    }
}
