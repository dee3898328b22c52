namespace Coordinator;

/// <summary>
/// Names one coordinator log for ever: eight characters of <c>[a-z0-9]</c>, drawn at the first start and kept in the
/// log. Prepared branches of another cluster are listed as foreign and left alone (R7).
/// </summary>
public readonly record struct ClusterId
{
    /// <summary>The number of characters of every cluster id.</summary>
    public const int Length = 8;

    private const string Alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
    private readonly string? _value;

    private ClusterId(string value) => _value = value;

    /// <summary>The text form, as it stands in every transaction id.</summary>
    public string Value => _value ?? throw new InvalidOperationException("A default ClusterId names no cluster.");

    /// <summary>Makes a cluster id from at least 41 random bits.</summary>
    public static ClusterId FromRandom(ulong random)
    {
        Span<char> text = stackalloc char[Length];
        for (var i = 0; i < Length; i++)
        {
            text[i] = Alphabet[(int)(random % 36)];
            random /= 36;
        }

        return new ClusterId(new string(text));
    }

    /// <summary>Reads a cluster id; false if <paramref name="text"/> does not match the grammar as a whole.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ClusterId cluster)
    {
        cluster = default;
        if (text.Length != Length || !IdGrammar.IsAlphanumeric(text))
            return false;
        cluster = new ClusterId(text.ToString());
        return true;
    }

    /// <summary>Reads a cluster id.</summary>
    /// <exception cref="FormatException">The text does not match the grammar.</exception>
    public static ClusterId Parse(string text) => TryParse(text, out var cluster)
        ? cluster
        : throw new FormatException($"A cluster id is {Length} characters of [a-z0-9].");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
