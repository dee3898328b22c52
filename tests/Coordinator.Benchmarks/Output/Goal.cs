using System.Globalization;

namespace Coordinator.Benchmarks.Output;

/// <summary>What is to be reached, beside what was.</summary>
/// <param name="What">For people, the unit included.</param>
/// <param name="AtLeast">True: more is better.</param>
/// <param name="Limit">The goal.</param>
/// <param name="Measured">What was measured; null if this run did not.</param>
internal sealed record Goal(string What, bool AtLeast, double Limit, double? Measured)
{
    public bool IsMet => Measured is { } measured && (AtLeast ? measured >= Limit : measured <= Limit);

    public static void Write(TextWriter output, IReadOnlyList<Goal> goals)
    {
        var grid = new Grid("goal", "wanted", "measured", "met");
        foreach (var goal in goals.Where(goal => goal.Measured is not null))
            grid.Add(goal.What, (goal.AtLeast ? ">= " : "<= ") + Text(goal.Limit), Text(goal.Measured!.Value), goal.IsMet ? "yes" : "no");
        grid.Write(output);
    }

    private static string Text(double value) => value.ToString(Math.Abs(value) < 100 ? "0.00#" : "#,0", CultureInfo.InvariantCulture);
}
