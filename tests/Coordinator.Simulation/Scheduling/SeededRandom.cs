using Coordinator.Engine;

namespace Coordinator.Simulation.Scheduling;

/// <summary>Numbers that depend on the seed alone, on every machine: SplitMix64 (Steele, Lea, Flood, 2014).</summary>
internal sealed class SeededRandom(ulong seed) : IIdSource
{
    private ulong _state = seed;

    /// <inheritdoc/>
    public ulong NextRandom()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 up to, not including, <paramref name="limit"/>.</summary>
    public int Below(int limit) => (int)(((UInt128)NextRandom() * (uint)limit) >> 64);

    public double Fraction() => (NextRandom() >> 11) * (1.0 / (1UL << 53));

    public bool Chance(double probability) => probability > 0 && Fraction() < probability;

    public TimeSpan Between(TimeSpan from, TimeSpan to) => from + TimeSpan.FromTicks((long)(Fraction() * (to - from).Ticks));

    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    /// <summary>A generator of its own: what one part draws doesn't change what another draws.</summary>
    public SeededRandom Split() => new(NextRandom());
}
