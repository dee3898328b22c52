using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.Torture.Clients;

/// <summary>Why a transfer runs, which says how it has to end.</summary>
internal enum Purpose
{
    /// <summary>To be committed; may fail.</summary>
    Commit,

    /// <summary>To be rolled back, after all its work is done.</summary>
    RollBack,

    /// <summary>Commit is asked for about when its deadline comes: either may win.</summary>
    TimeOut,

    /// <summary>Stops with every branch prepared, until the coordinator is killed: has to roll back.</summary>
    DrillPrepared,

    /// <summary>Stops once its decision is durable, until the coordinator is killed: has to commit.</summary>
    DrillDecided,

    /// <summary>No transfer: reads every account with a lock.</summary>
    Audit,
}

/// <summary>One change of one account.</summary>
internal readonly record struct Posting(DatabaseKind Database, int Account, long Delta);

/// <summary>Money moved between accounts, in one database or several; what is taken is what is given.</summary>
/// <param name="Purpose">How it is to end.</param>
/// <param name="Postings">Its changes, which add up to 0.</param>
internal sealed record Transfer(Purpose Purpose, IReadOnlyList<Posting> Postings)
{
    /// <summary>The set of databases that it touches.</summary>
    public int Touches => Postings.Aggregate(0, (set, posting) => set | Bank.Bit(posting.Database));

    /// <summary>Draws a transfer over one, two or three of the databases.</summary>
    public static Transfer Draw(Random random, IReadOnlyList<DatabaseKind> databases)
    {
        var count = random.Next(100) switch { < 20 => 1, < 65 => 2, _ => 3 };
        var purpose = random.Next(100) switch { < 84 => Purpose.Commit, < 93 => Purpose.RollBack, _ => Purpose.TimeOut };
        return Draw(random, databases, Math.Min(count, databases.Count), purpose);
    }

    /// <summary>Draws a transfer over so many of the databases.</summary>
    public static Transfer Draw(Random random, IReadOnlyList<DatabaseKind> databases, int count, Purpose purpose)
    {
        var chosen = databases.ToArray();
        random.Shuffle(chosen);
        var touched = chosen.Take(count).ToArray();
        // Most go through the databases in one order; the others meet them in deadlocks that no database can see.
        if (random.Next(100) < 95)
            Array.Sort(touched);
        var postings = touched.Length == 1
            ? TwoAccounts(random, touched[0])
            : touched.Select(database => new Posting(database, random.Next(Bank.Accounts) + 1, 0)).ToArray();
        var amount = random.Next(1, 50);
        for (var i = 0; i < postings.Length; i++)
            postings[i] = postings[i] with { Delta = i == 0 ? -amount * (postings.Length - 1) : amount };
        return new Transfer(purpose, postings);
    }

    /// <summary>Does the work in a transaction.</summary>
    /// <exception cref="CoordinatorException">It failed: the transaction can only roll back.</exception>
    public async Task WorkAsync(GlobalTransaction transaction, IReadOnlyDictionary<DatabaseKind, Uri> addresses)
    {
        foreach (var (database, account, delta) in Postings)
        {
            var sql = transaction.Sql(addresses[database]);
            await sql.ExecuteAsync(Bank.Update(database), [delta, account]);
            await sql.ExecuteAsync(Bank.Insert(database), [transaction.Id.Value, account, delta, Touches]);
        }
    }

    private static Posting[] TwoAccounts(Random random, DatabaseKind database)
    {
        var first = random.Next(Bank.Accounts);
        var second = (first + 1 + random.Next(Bank.Accounts - 1)) % Bank.Accounts;
        int[] accounts = [Math.Min(first, second) + 1, Math.Max(first, second) + 1];
        return [.. accounts.Select(account => new Posting(database, account, 0))];
    }
}
