namespace Coordinator.Lab.Report.Charts;

/// <summary>From values to pixels, and where the ticks are.</summary>
internal sealed class Scale
{
    private readonly double _low, _high, _from, _to;
    private readonly bool _isLogarithmic;

    private Scale(double low, double high, double from, double to, bool isLogarithmic, IReadOnlyList<double> ticks) =>
        (_low, _high, _from, _to, _isLogarithmic, Ticks) = (low, high, from, to, isLogarithmic, ticks);

    public IReadOnlyList<double> Ticks { get; }

    /// <summary>From zero to a round number at or above the highest value, in steps not below the least.</summary>
    public static Scale FromZero(double highest, double from, double to, double leastStep = 0)
    {
        var step = Math.Max(leastStep, NiceStep(highest <= 0 ? 1 : highest));
        var count = Math.Max(1, (int)Math.Ceiling((highest / step) - 1e-9));
        return new Scale(0, count * step, from, to, false, [.. Enumerable.Range(0, count + 1).Select(n => n * step)]);
    }

    /// <summary>Logarithmic over whole decades.</summary>
    public static Scale Decades(double lowest, double highest, double from, double to)
    {
        var first = (int)Math.Floor(Math.Log10(Math.Max(lowest, 1e-6)) + 1e-9);
        var last = Math.Max(first + 1, (int)Math.Ceiling(Math.Log10(Math.Max(highest, 1e-6)) - 1e-9));
        return new Scale(first, last, from, to, true, [.. Enumerable.Range(first, last - first + 1).Select(n => Math.Pow(10, n))]);
    }

    /// <summary>With these values as ticks, evenly apart whatever they are.</summary>
    public static Scale Linear(double low, double high, double from, double to, IReadOnlyList<double> ticks) => new(low, high, from, to, false, ticks);

    public double At(double value)
    {
        var place = _isLogarithmic ? Math.Log10(Math.Max(value, Math.Pow(10, _low))) : value;
        return _from + ((_to - _from) * (_high == _low ? 0 : (place - _low) / (_high - _low)));
    }

    private static double NiceStep(double highest)
    {
        var rough = highest / 4;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        foreach (var nice in new[] { 1, 2, 2.5, 5, 10 })
        {
            if (rough <= (nice * power) + 1e-12)
                return nice * power;
        }

        return 10 * power;
    }
}
