namespace Coordinator.Simulation;

/// <summary>
/// Kills each victim when it comes to its so manieth own step. A process that dies between two of its steps leaves the same
/// behind as one that dies just before the second, so the steps of each victim are all the crash points that there are.
/// </summary>
/// <param name="points">Who dies when.</param>
/// <param name="isInFlightDone">True: what a dead process had asked of a database is done; false: it is lost.</param>
internal sealed class CrashPlan(IReadOnlyList<CrashPoint> points, bool isInFlightDone)
{
    private readonly Dictionary<string, int> _steps = new(StringComparer.Ordinal);

    public bool IsInFlightDone { get; } = isInFlightDone;

    /// <summary>How many steps each victim has taken so far.</summary>
    public IReadOnlyDictionary<string, int> Steps => _steps;

    /// <summary>How many steps each had taken when the last of the plan's points was reached.</summary>
    public IReadOnlyDictionary<string, int> StepsAtLastCrash { get; private set; } = new Dictionary<string, int>();

    /// <summary>How many of the points were reached.</summary>
    public int Reached { get; private set; }

    /// <summary>Counts a step that is about to be taken; true if the victim dies before it.</summary>
    public bool DiesAt(string victim)
    {
        var step = _steps[victim] = _steps.GetValueOrDefault(victim) + 1;
        if (!points.Contains(new CrashPoint(victim, step)))
            return false;
        Reached++;
        StepsAtLastCrash = new Dictionary<string, int>(_steps);
        return true;
    }
}

/// <summary>A victim and the number of its step, from 1.</summary>
internal readonly record struct CrashPoint(string Victim, int Step)
{
    public override string ToString() => $"{Victim} at its step {Step}";
}
