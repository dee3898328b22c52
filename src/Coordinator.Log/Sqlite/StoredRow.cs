namespace Coordinator.Log;

/// <summary>A record as it lies in the file. Transaction and key are copies out of the body, for the indexes.</summary>
internal sealed record StoredRow(long Position, string? Transaction, string? Key, byte[] Body, ChainValue Chain);

/// <summary>
/// Where the untouched part of a trimmed log begins. The records before <paramref name="Cut"/> that stayed form a chain
/// of their own from the genesis; the seal ties its end to the chain value that the record before the cut once had.
/// </summary>
internal sealed record Anchor(long Cut, ChainValue Chain, ChainValue Seal)
{
    public static Anchor Of(ChainValue survivors, long cut, ChainValue chain) => new(cut, chain, SealOf(survivors, cut, chain));

    public bool Follows(ChainValue survivors) => Seal == SealOf(survivors, Cut, Chain);

    private static ChainValue SealOf(ChainValue survivors, long cut, ChainValue chain) => survivors.Next(cut, chain.ToArray());
}
