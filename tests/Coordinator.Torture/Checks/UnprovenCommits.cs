using Coordinator.Contracts.V1;
using Coordinator.Testing;

namespace Coordinator.Torture.Checks;

/// <summary>
/// The one heuristic outcome that kills alone can bring about: PostgreSQL lost the answer to a commit in one phase, and
/// keeps nothing that proves it (R13). Whoever asked is told "unknown"; an operator forgets it, which is done here.
/// </summary>
internal sealed class UnprovenCommits(World world)
{
    /// <summary>How many were forgotten.</summary>
    public int Forgotten { get; private set; }

    /// <summary>Forgets those among the heuristic outcomes that are of this kind.</summary>
    /// <returns>The others.</returns>
    public async Task<IReadOnlyList<Heuristic>> ForgetAsync(IEnumerable<Heuristic> heuristics, OperatorService.OperatorServiceClient operators)
    {
        var touches = world.Journal.Records.ToDictionary(record => record.Transaction, record => record.Touches);
        var others = new List<Heuristic>();
        foreach (var heuristic in heuristics)
        {
            if (!IsUnproven(heuristic, touches.GetValueOrDefault(heuristic.TransactionId)))
            {
                others.Add(heuristic);
                continue;
            }

            await operators.ForgetAsync(new ForgetRequest { TransactionId = heuristic.TransactionId, Reason = "a commit in one phase that nothing proves" });
            Forgotten++;
        }

        return others;
    }

    /// <summary>True only for the only branch of a transaction, on PostgreSQL.</summary>
    public static bool IsUnproven(Heuristic heuristic, int touches) =>
        heuristic is { Decided: "COMMIT", Found: "UNKNOWN" } && touches == Bank.Bit(DatabaseKind.Postgres);
}
