namespace Coordinator.Fuzz.Wire;

/// <summary>What is done to a call beside its message.</summary>
internal enum Twist
{
    None,
    GarbageMessage,
    TruncatedMessage,
    FlippedBytes,
    InvalidUtf8,
    DeepMessage,
    TooLarge,
    StrangeMetadata,
    ShortDeadline,
    BadTimeout,
    Cancelled,
    NoFrame,
    TwoFrames,
    LongFrame,
    Compressed,
    UnknownEncoding,
    WrongContentType,
    UnknownMethod,
}

internal static class Twists
{
    private static readonly Twist[] All = Enum.GetValues<Twist>();

    public static Twist Draw(Random random) => random.Next(3) != 0 ? Twist.None : All[random.Next(All.Length)];

    /// <summary>True if gRPC's framing or HTTP itself is broken: those answers are gRPC's, not ours.</summary>
    public static bool BreaksTransport(Twist twist) => twist is Twist.NoFrame or Twist.TwoFrames or Twist.LongFrame
        or Twist.Compressed or Twist.UnknownEncoding or Twist.WrongContentType or Twist.UnknownMethod or Twist.BadTimeout;

    /// <summary>The message's bytes, spoilt.</summary>
    public static byte[] Apply(Twist twist, byte[] message, Random random, int tooLarge)
    {
        switch (twist)
        {
            case Twist.GarbageMessage:
                var garbage = new byte[random.Next(1, 300)];
                random.NextBytes(garbage);
                return garbage;
            case Twist.TruncatedMessage:
                return message[..random.Next(message.Length + 1)];
            case Twist.FlippedBytes:
                var flipped = (byte[])message.Clone();
                for (var i = random.Next(1, 5); i > 0 && flipped.Length > 0; i--)
                    flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
                return flipped;
            case Twist.InvalidUtf8:
                // Field 1, three bytes that are no UTF-8.
                return [.. message, 0x0A, 3, 0xC3, 0x28, 0xFF];
            case Twist.DeepMessage:
                // Groups within groups, far beyond any parser's limit of recursion.
                return [.. message, .. Enumerable.Repeat((byte)0x7B, random.Next(50, 5_000))];
            case Twist.TooLarge:
                return [.. message, 0x7A, .. Varint(tooLarge), .. new byte[tooLarge]];
            default:
                return message;
        }
    }

    private static IEnumerable<byte> Varint(int value)
    {
        for (; value > 0x7F; value >>= 7)
            yield return (byte)((value & 0x7F) | 0x80);
        yield return (byte)value;
    }
}
