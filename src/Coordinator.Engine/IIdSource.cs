namespace Coordinator.Engine;

/// <summary>Where random numbers for ids come from: cryptographic in production, seeded in the simulator.</summary>
public interface IIdSource
{
    /// <summary>64 unpredictable bits.</summary>
    ulong NextRandom();
}

/// <summary>Ids from the operating system's cryptographic generator.</summary>
public sealed class RandomIdSource : IIdSource
{
    /// <inheritdoc/>
    public ulong NextRandom()
    {
        Span<byte> bytes = stackalloc byte[8];
        System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }
}
