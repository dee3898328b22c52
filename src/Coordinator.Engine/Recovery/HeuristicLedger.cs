using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>
/// Branches that ended otherwise than decided (mixed) or whose end cannot be told (hazard): durable, shown to operators,
/// kept until forgotten.
/// </summary>
internal sealed class HeuristicLedger(LogKeeper log, EngineMetrics metrics, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<BranchId, HeuristicRecord> _records = new();

    public int Count => _records.Count;

    public IReadOnlyList<HeuristicRecord> All => [.. _records.Values.OrderBy(record => record.At)];

    public IReadOnlyList<HeuristicRecord> Of(TransactionId transaction) =>
        [.. _records.Values.Where(record => record.Branch.Transaction == transaction).OrderBy(record => record.At)];

    public void Load(IEnumerable<HeuristicRecord> records)
    {
        foreach (var record in records)
            _records[record.Branch] = record;
    }

    /// <summary>Records it for a branch of a live transaction.</summary>
    public async Task RecordAsync(
        GlobalTransaction transaction, Branch branch, Decision decided, BranchOutcome found, string detail)
    {
        transaction.MarkHeuristic(branch, found, detail);
        await RecordAsync(branch.Id, decided, found, detail);
    }

    /// <summary>Records a one-phase commit that nothing can prove; its transaction's outcome is unknown.</summary>
    public Task RecordUnprovenAsync(Branch branch, string detail) =>
        RecordAsync(branch.Id, Decision.Commit, BranchOutcome.Unknown, detail);

    /// <summary>Records it for a branch whose transaction has ended.</summary>
    public async Task RecordAsync(BranchId branch, Decision decided, BranchOutcome found, string detail)
    {
        var record = new HeuristicRecord(branch, decided, found, detail, time.GetUtcNow());
        if (!_records.TryAdd(branch, record))
            return;
        await log.AppendAsync(record, Durability.Forced);
        metrics.Heuristic();
        Log.Heuristic(logger, branch, decided, found, detail);
    }

    public async Task<int> ForgetAsync(TransactionId transaction, string reason)
    {
        var records = Of(transaction);
        if (records.Count == 0)
            return 0;
        await log.AppendAsync(new ForgottenRecord(transaction, reason, time.GetUtcNow()), Durability.Forced);
        foreach (var record in records)
            _records.TryRemove(record.Branch, out _);
        return records.Count;
    }
}
