namespace Coordinator.Lab.Measure;

/// <summary>How measured values lie; zeros if there are none.</summary>
internal sealed record Distribution(int Count, double P50, double P99, double Max)
{
    public static Distribution Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0
            ? new Distribution(0, 0, 0, 0)
            : new Distribution(sorted.Length, At(sorted, 0.50), At(sorted, 0.99), sorted[^1]);
    }

    // The nearest rank: a value that was really measured.
    private static double At(double[] sorted, double quantile) =>
        sorted[Math.Clamp((int)Math.Ceiling(quantile * sorted.Length) - 1, 0, sorted.Length - 1)];
}
