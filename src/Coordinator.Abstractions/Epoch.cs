using System.Globalization;

namespace Coordinator;

/// <summary>
/// One start of one coordinator: a number that grows by one at every start, and a nonce of that start, so that two
/// starts from copies of one log never share an epoch. Text: <c>{number}x{nonce, 8 hex digits}</c>.
/// </summary>
/// <param name="Number">From 1 up to 999,999,999.</param>
/// <param name="Nonce">Random, drawn at the start.</param>
public readonly record struct Epoch(int Number, uint Nonce) : IComparable<Epoch>
{
    /// <summary>The largest epoch number that the id grammar has room for.</summary>
    public const int MaxNumber = 999_999_999;

    /// <summary>Orders by number alone: the nonce tells starts apart, it does not order them.</summary>
    public int CompareTo(Epoch other) => Number.CompareTo(other.Number);

    public static bool operator <(Epoch left, Epoch right) => left.CompareTo(right) < 0;

    public static bool operator >(Epoch left, Epoch right) => left.CompareTo(right) > 0;

    public static bool operator <=(Epoch left, Epoch right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Epoch left, Epoch right) => left.CompareTo(right) >= 0;

    /// <summary>Reads an epoch; false if <paramref name="text"/> does not match the grammar as a whole.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Epoch epoch)
    {
        epoch = default;
        var separator = text.IndexOf('x');
        if (separator < 0
            || !IdGrammar.TryParseNumber(text[..separator], maxDigits: 9, out var number) || number == 0
            || !IdGrammar.TryParseHex(text[(separator + 1)..], digits: 8, out var nonce))
        {
            return false;
        }

        epoch = new Epoch((int)number, (uint)nonce);
        return true;
    }

    /// <summary>Reads an epoch.</summary>
    /// <exception cref="FormatException">The text does not match the grammar.</exception>
    public static Epoch Parse(string text) => TryParse(text, out var epoch)
        ? epoch
        : throw new FormatException("An epoch is {number}x{8 hex digits}, for example 12x9f8e7d6c.");

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}x{Nonce:x8}");
}
