using Coordinator.Torture.Checks;
using Coordinator.Torture.Kills;

namespace Coordinator.Torture.Output;

/// <summary>What a run did and found.</summary>
internal sealed record Result(
    int Kills,
    int Kinds,
    int Split,
    int Lost,
    int LeftPrepared,
    int OtherFindings,
    int Seed,
    IReadOnlyList<string> Databases,
    string? WithoutMySql,
    int Transfers,
    int Committed,
    int RolledBack,
    int SettledFromDoubt,
    int Unproven,
    int Audits,
    IReadOnlyList<KillRow> Rows,
    IReadOnlyList<Finding> Findings,
    string? BrokeOff,
    int PlannedKills,
    TimeSpan Took,
    string Folder)
{
    public bool IsGood => Findings.Count == 0 && BrokeOff is null;

    /// <summary>The run's last line.</summary>
    public string Line => $"torture: kills={Kills} kinds={Kinds} split={Split} lost={Lost} left_prepared={LeftPrepared}";

    public static Result Of(
        TortureOptions options, World world, KillTally tally, Inspection inspection, string? brokeOff, TimeSpan took)
    {
        var findings = inspection.Findings;
        int Count(Broken broken) => findings.Count(finding => finding.Broken == broken);
        return new Result(
            tally.Kills, tally.Kinds, Count(Broken.Split), Count(Broken.Lost), Count(Broken.LeftPrepared),
            Count(Broken.Total) + Count(Broken.Unsettled), options.Seed, [.. world.Databases.Select(Bank.Name)], world.WithoutMySql,
            inspection.Checked, inspection.Committed, inspection.Checked - inspection.Committed, inspection.Settled,
            inspection.Unproven, inspection.Audits, tally.Rows(), findings, brokeOff, options.Kills, took, world.Folder);
    }
}
