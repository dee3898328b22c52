using System.Globalization;

namespace Coordinator.Engine;

/// <summary>
/// Log, databases and live transactions side by side, as an operator needs them: each prepared branch with what it is,
/// what will happen to it, when, and which command settles it if nothing will. Changes nothing.
/// </summary>
internal sealed class Reconciliation(
    ParticipantRegistry registry, TransactionTable table, InitiatorTable initiators, Recoverer recoverer, Attachments attachments, HeuristicLedger heuristics, TimeProvider time)
{
    /// <param name="fromParticipant">Leaves out participants whose names come before it: they are not asked either.</param>
    public async Task<InDoubtReport> RunAsync(string fromParticipant)
    {
        var scans = await ScanAsync(fromParticipant);
        var now = time.GetUtcNow();
        var undelivered = table.Live.Select(transaction => transaction.ToView()).Where(IsUndelivered)
            .OrderBy(view => view.Id.Epoch.Number).ThenBy(view => view.Id.Sequence);
        return new InDoubtReport(
            [.. scans.SelectMany(scan => scan.Branches.Select(branch => Describe(scan.Participant, branch, now)))],
            [.. undelivered],
            heuristics.All,
            scans.Where(scan => scan.Failure is not null).ToDictionary(scan => scan.Participant, scan => scan.Failure!),
            now);
    }

    /// <summary>Asks every participant's database, each by itself (R11).</summary>
    public Task<ParticipantScan[]> ScanAsync(string fromParticipant = "") => Task.WhenAll(registry.Entries
        .Where(entry => string.CompareOrdinal(entry.Record.Name, fromParticipant) >= 0)
        .OrderBy(entry => entry.Record.Name, StringComparer.Ordinal)
        .Select(PlanAsync));

    private async Task<ParticipantScan> PlanAsync(ParticipantEntry entry)
    {
        var name = entry.Record.Name;
        if (entry.Newest is not { } instance)
            return new ParticipantScan(name, [], $"no instance is attached; {LastScan(entry)}");
        try
        {
            return new ParticipantScan(name, await recoverer.PlanAsync(instance), null);
        }
        catch (Exception exception) when (exception is ParticipantUnavailableException or RefusedException)
        {
            return new ParticipantScan(name, [], $"{exception.Message.TrimEnd('.')}; {LastScan(entry)}");
        }
    }

    private static string LastScan(ParticipantEntry entry) => entry.LastScan?.At is { } at
        ? string.Create(CultureInfo.InvariantCulture, $"last listed at {at:yyyy-MM-dd HH:mm:ss}Z")
        : "not listed since the coordinator's start";

    // An abort without a record is over in a moment, unless a branch refuses to end.
    private static bool IsUndelivered(TransactionView view) => view.State is TransactionState.Committing or TransactionState.InDoubt
        || (view.State == TransactionState.Aborting && view.Branches.Any(branch => branch.Attempts > 0));

    private InDoubtBranch Describe(string participant, PlannedBranch plan, DateTimeOffset now)
    {
        if (plan.Kind == PreparedKind.Live && plan.Prepared.Id is { } id && table.TryGetLive(id.Transaction, out var live))
            return OfLive(participant, plan, live.ToView(), now);
        if (plan.Kind == PreparedKind.Live && plan.Prepared.Id is { } reserved && initiators.FindHolder(reserved.Transaction) is { } holder)
            return OfReserved(participant, plan, holder);
        var since = plan.Decision?.At;
        return plan.Kind switch
        {
            PreparedKind.ToCommit => At(NextScan(), $"{plan.Why}; it is committed at the next scan"),
            PreparedKind.ToRollBack => At(NextScan(), $"{plan.Why}; it is rolled back at the next scan"),
            PreparedKind.Quarantined => At(null, plan.Why) with { Settle = SettleCommand(plan) },
            // Its transaction ended between the two looks.
            PreparedKind.Live => At(NextScan(), $"{plan.Why}; the next scan finds it ended"),
            _ => At(null, plan.Why),
        };

        InDoubtBranch At(DateTimeOffset? next, string what) =>
            new(participant, plan, plan.Kind, what + In(next, now), next, since, Settle: null);
    }

    private static InDoubtBranch OfLive(string participant, PlannedBranch plan, TransactionView live, DateTimeOffset now)
    {
        var branch = live.Branches.FirstOrDefault(other => other.Name == plan.Prepared.Id!.Branch);
        var (kind, next, what) = live.State switch
        {
            TransactionState.Committing => (PreparedKind.ToCommit, branch?.NextAttemptAt, $"decided commit; {Delivery(branch)}"),
            TransactionState.Aborting => (PreparedKind.ToRollBack, branch?.NextAttemptAt, $"decided abort; {Delivery(branch)}"),
            TransactionState.Active or TransactionState.Preparing =>
                (PreparedKind.Live, live.Deadline, $"{plan.Why}; without one it is rolled back at its deadline"),
            _ => (PreparedKind.Live, null, plan.Why),
        };
        DateTimeOffset? since = live.BegunAt > DateTimeOffset.UnixEpoch ? live.BegunAt : null;
        return new InDoubtBranch(participant, plan, kind, what + In(next, now), next, since, Settle: null);
    }

    private static InDoubtBranch OfReserved(string participant, PlannedBranch plan, Initiator holder) => new(
        participant, plan, PreparedKind.Live,
        $"initiator {holder.Name} is about to hand its vote over; if that goes away first, it is rolled back",
        NextAt: null, KnownSince: null, $"coordctl resolve {plan.Prepared.Id!.Transaction} --rollback --reason TEXT");

    private static string Delivery(BranchView? branch) => branch switch
    {
        null or { Attempts: 0 } => "it is being told",
        { Attempts: var attempts, Detail: var detail } => string.Create(
            CultureInfo.InvariantCulture, $"told {attempts} times in vain ({detail ?? "no answer"}); it is told again"),
    };

    private DateTimeOffset? NextScan() => attachments.NextScanAt;

    private static string In(DateTimeOffset? at, DateTimeOffset now) => at is not { } moment ? ""
        : moment <= now ? ", now" : string.Create(CultureInfo.InvariantCulture, $", in {Math.Ceiling((moment - now).TotalSeconds):F0} s");

    private string SettleCommand(PlannedBranch plan)
    {
        var id = plan.Prepared.Id!;
        var command = plan.Decision is null
            ? $"coordctl resolve {id.Transaction} --commit|--rollback --reason TEXT"
            : $"coordctl resolve {id.Transaction} --branch {id.Branch} --commit|--rollback --reason TEXT";
        return registry.IsRegistered(id.Branch.Participant)
            ? command
            : $"attach a participant named {id.Branch.Participant} to this database, then: {command}";
    }
}

/// <summary>One participant's prepared branches, or why nothing is known of them.</summary>
internal sealed record ParticipantScan(string Participant, IReadOnlyList<PlannedBranch> Branches, string? Failure);
