namespace Coordinator.Lab.Experiments.CoordinatorKilled;

/// <summary>What was seen of one outage; times in seconds from the start of the work.</summary>
/// <param name="Name">What was killed, and when.</param>
/// <param name="StoppedAt">One order stood at its point, and was kept there.</param>
/// <param name="KilledAt">kill -9.</param>
/// <param name="RestartedAt">The process was started again.</param>
/// <param name="ServingAt">It said that it serves.</param>
/// <param name="SettledAt">Nothing that was open at the kill held a lock, or was half done, any more.</param>
/// <param name="EndedAt">The work was stopped.</param>
/// <param name="Left">What the kill left: prepared branches, or half-done sagas.</param>
/// <param name="LockedRows">Products whose rows were locked in the middle of the outage, in PostgreSQL and in MariaDB.</param>
/// <param name="HalfDoneSeen">Orders that plain readers found in one database only, in the middle of the outage.</param>
/// <param name="MostWaiting">Sessions that waited for a row at once, at most, during the outage.</param>
/// <param name="LockTimeouts">Updates of the same row that gave up waiting.</param>
/// <param name="DrillEnd">How the order ended that stood at the point.</param>
/// <param name="Split">Orders in one database alone when all was at rest.</param>
/// <param name="Orders">Orders a second, by half seconds.</param>
/// <param name="OtherRows">Local updates of other rows, a second.</param>
/// <param name="SameRow">Local updates of the drill's row, a second.</param>
/// <param name="Held">Prepared branches, or half-done sagas, over time.</param>
/// <param name="Waiting">Sessions waiting for a row, over time.</param>
internal sealed record Outage(
    string Name, double StoppedAt, double KilledAt, double RestartedAt, double ServingAt, double SettledAt, double EndedAt, int Left, string LockedRows, int HalfDoneSeen, int MostWaiting,
    int LockTimeouts, string DrillEnd, int Split, IReadOnlyList<Sample> Orders, IReadOnlyList<Sample> OtherRows, IReadOnlyList<Sample> SameRow,
    IReadOnlyList<Sample> Held, IReadOnlyList<Sample> Waiting)
{
    /// <summary>From the start of the process to the last lock released, or saga ended, in seconds.</summary>
    public double SettleSeconds => SettledAt - RestartedAt;

    /// <summary>A rate's mean before the order was stopped at its point.</summary>
    public double Before(IReadOnlyList<Sample> rate) => Mean(rate.Where(sample => sample.At >= 0.5 && sample.At + Observation.Bucket <= StoppedAt));

    /// <summary>A rate's mean while nothing served.</summary>
    public double During(IReadOnlyList<Sample> rate) => Mean(rate.Where(sample => sample.At >= KilledAt && sample.At + Observation.Bucket <= RestartedAt));

    private static double Mean(IEnumerable<Sample> samples) => samples.Select(sample => sample.Value).DefaultIfEmpty(0).Average();
}

/// <summary>A value at a time, in seconds from the start of the work.</summary>
internal sealed record Sample(double At, double Value);
