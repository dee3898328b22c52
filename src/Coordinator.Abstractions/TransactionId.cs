using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Coordinator;

/// <summary>
/// A global transaction's id (XA's gtrid): <c>{cluster}-{epoch}-{sequence}-{random, 16 hex digits}</c>, at most 64
/// bytes of <c>[a-z0-9-]</c>. The random part has 64 bits because any MySQL login may finish any XID that it can name.
/// </summary>
public sealed class TransactionId : IEquatable<TransactionId>
{
    /// <summary>XA's limit for a gtrid, in bytes.</summary>
    public const int MaxLength = 64;

    private TransactionId(string value, ClusterId cluster, Epoch epoch, long sequence)
    {
        Value = value;
        Cluster = cluster;
        Epoch = epoch;
        Sequence = sequence;
    }

    /// <summary>The text form, the only one that reaches SQL.</summary>
    public string Value { get; }

    /// <summary>The coordinator log that handed the id out.</summary>
    public ClusterId Cluster { get; }

    /// <summary>The start of the coordinator that handed the id out.</summary>
    public Epoch Epoch { get; }

    /// <summary>Counts the ids of one epoch from 1.</summary>
    public long Sequence { get; }

    /// <summary>Makes the id of a new transaction.</summary>
    public static TransactionId Create(ClusterId cluster, Epoch epoch, long sequence, ulong random)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequence);
        var value = string.Create(CultureInfo.InvariantCulture, $"{cluster}-{epoch}-{sequence}-{random:x16}");
        return new TransactionId(value, cluster, epoch, sequence);
    }

    /// <summary>Reads an id; false if <paramref name="text"/> does not match the grammar as a whole.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out TransactionId? id)
    {
        id = null;
        if (text is null || text.Length > MaxLength)
            return false;
        Span<Range> parts = stackalloc Range[5];
        var span = text.AsSpan();
        if (span.Split(parts, '-') != 4
            || !ClusterId.TryParse(span[parts[0]], out var cluster)
            || !Epoch.TryParse(span[parts[1]], out var epoch)
            || !IdGrammar.TryParseNumber(span[parts[2]], maxDigits: 18, out var sequence) || sequence == 0
            || !IdGrammar.TryParseHex(span[parts[3]], digits: 16, out _))
        {
            return false;
        }

        id = new TransactionId(text, cluster, epoch, sequence);
        return true;
    }

    /// <summary>Reads an id.</summary>
    /// <exception cref="FormatException">The text does not match the grammar.</exception>
    public static TransactionId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new FormatException(
            "A transaction id is {cluster}-{epoch}-{sequence}-{random}, "
            + "for example k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef.");

    /// <inheritdoc/>
    public bool Equals(TransactionId? other) => other is not null && Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TransactionId);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Value, StringComparison.Ordinal);

    public static bool operator ==(TransactionId? left, TransactionId? right) => Equals(left, right);

    public static bool operator !=(TransactionId? left, TransactionId? right) => !Equals(left, right);

    /// <inheritdoc/>
    public override string ToString() => Value;
}
