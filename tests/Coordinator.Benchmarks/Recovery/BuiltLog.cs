using Coordinator.Benchmarks.Logs;
using Coordinator.Engine;
using Coordinator.Log;

namespace Coordinator.Benchmarks.Recovery;

/// <summary>A log as a coordinator leaves it that was killed with decisions that nobody has been told.</summary>
internal static class BuiltLog
{
    /// <summary>Adds undelivered commits of one branch each; returns the branches.</summary>
    /// <param name="path">The log's file; made if there is none.</param>
    /// <param name="count">How many.</param>
    /// <param name="branch">Whose.</param>
    /// <param name="registers">The participant, if the log does not know it yet.</param>
    public static async Task<List<BranchId>> AddAsync(string path, int count, BranchName branch, ParticipantRecord? registers)
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = path });
        var opened = await log.OpenAsync(new RandomIdSource());
        if (registers is not null)
            await log.AppendAsync(registers, Durability.Forced);
        var random = new RandomIdSource();
        var branches = Enumerable.Range(1, count)
            .Select(sequence => new BranchId(TransactionId.Create(opened.Cluster, opened.Epoch, sequence, random.NextRandom()), branch))
            .ToList();
        foreach (var some in branches.Chunk(1000))
            await Task.WhenAll(some.Select(each => log.DecideAsync(LogSubject.Decision(each.Transaction, new DecidedBranch(each.Branch, Evidence: null)))));
        return branches;
    }
}
