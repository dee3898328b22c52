using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.Torture.Clients;

/// <summary>Runs transfers and audits from begin to end, and reports each step before the next.</summary>
internal sealed class Teller(
    CoordinatorClient client, IReadOnlyDictionary<DatabaseKind, Uri> addresses, Report report)
{
    private static readonly TimeSpan WorkTimeout = TimeSpan.FromSeconds(8);
    private static readonly CommitOptions Commit = new() { Wait = TimeSpan.FromSeconds(20) };
    private static readonly int CommitAttempts = 3;

    /// <summary>Runs one transfer.</summary>
    /// <returns>False if it could not begin, or could not do its work.</returns>
    public async Task<bool> RunAsync(Transfer transfer, Random random)
    {
        // Short enough to come about while commit is under way.
        var timeout = transfer.Purpose == Purpose.TimeOut ? TimeSpan.FromMilliseconds(random.Next(20, 300)) : WorkTimeout;
        await using var transaction = await BeginAsync(transfer.Purpose, transfer.Touches, timeout);
        if (transaction is null)
            return false;
        if (!await TryAsync(transaction, transfer.Purpose, transfer.Touches, () => transfer.WorkAsync(transaction, addresses)))
            return false;
        if (transfer.Purpose == Purpose.RollBack)
        {
            report.Say(Said.NotCommitted, transaction.Id.Value, transfer.Purpose, transfer.Touches);
            return true;
        }

        if (transfer.Purpose == Purpose.TimeOut && random.Next(2) == 0)
            await Task.Delay(transaction.Remaining);
        await CommitAsync(transaction, transfer.Purpose, transfer.Touches);
        return true;
    }

    /// <summary>
    /// Locks every account of every database in one transaction and adds them up. Two-phase locking makes the sum one
    /// moment's, provided that the transaction commits: else a lock may have been lost on the way.
    /// </summary>
    /// <returns>False if it could not begin, or could not read everything.</returns>
    public async Task<bool> AuditAsync()
    {
        var touches = addresses.Keys.Aggregate(0, (set, kind) => set | Bank.Bit(kind));
        await using var transaction = await BeginAsync(Purpose.Audit, touches, WorkTimeout);
        if (transaction is null)
            return false;
        var total = 0L;
        var read = await TryAsync(transaction, Purpose.Audit, touches, async () =>
        {
            foreach (var kind in addresses.Keys.Order())
                total += (await transaction.Sql(addresses[kind]).QueryAsync(Bank.LockAll)).Sum(row => row.Get<long>("balance"));
        });
        if (read)
            await CommitAsync(transaction, Purpose.Audit, touches, total);
        return read;
    }

    /// <summary>Commits, asking again while it is in doubt, and reports what was told.</summary>
    public async Task CommitAsync(GlobalTransaction transaction, Purpose purpose, int touches, long total = 0)
    {
        report.Say(Said.Asked, transaction.Id.Value, purpose, touches, total);
        for (var attempt = 1; ; attempt++)
        {
            var said = await AskAsync(transaction);
            report.Say(said, transaction.Id.Value, purpose, touches, total);
            // What stays in doubt so long is looked into at the end.
            if (said != Said.InDoubt || attempt == CommitAttempts)
                return;
        }
    }

    /// <summary>Begins, unless the coordinator is away.</summary>
    public async Task<GlobalTransaction?> BeginAsync(Purpose purpose, int touches, TimeSpan? timeout = null)
    {
        var name = purpose switch { Purpose.DrillPrepared => "drill-prepared", Purpose.DrillDecided => "drill-decided", _ => purpose.ToString() };
        try
        {
            var transaction = await client.BeginAsync(new BeginOptions { Name = name, Timeout = timeout ?? WorkTimeout });
            report.Say(Said.Begun, transaction.Id.Value, purpose, touches);
            return transaction;
        }
        catch (CoordinatorUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Does work; where it fails, commit will never be asked for, and that is reported.</summary>
    public async Task<bool> TryAsync(GlobalTransaction transaction, Purpose purpose, int touches, Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (CoordinatorException failure)
        {
            report.Say(Said.NotCommitted, transaction.Id.Value, purpose, touches);
            Explain(transaction, failure);
            return false;
        }
    }

    private static async Task<Said> AskAsync(GlobalTransaction transaction)
    {
        try
        {
            await transaction.CommitAsync(Commit);
            return Said.Committed;
        }
        catch (TransactionUnknownException failure)
        {
            Explain(transaction, failure);
            return Said.Unknown;
        }
        catch (TransactionInDoubtException failure)
        {
            Explain(transaction, failure);
            return Said.InDoubt;
        }
        catch (TransactionHeuristicException failure)
        {
            Explain(transaction, failure);
            return Said.Heuristic;
        }
        catch (CoordinatorException failure)
        {
            Explain(transaction, failure);
            // Aborted, refused or never sent: the client's contract says that it is not committed, and never will be
            // once this process lets go of it.
            return Said.NotCommitted;
        }
    }

    // For whoever reads a failed run's outputs.
    private static void Explain(GlobalTransaction transaction, CoordinatorException failure) =>
        Console.Error.WriteLine(
            $"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {transaction.Id} {failure.GetType().Name}: {failure.Message.ReplaceLineEndings(" ")}");
}
