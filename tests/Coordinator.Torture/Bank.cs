using System.Globalization;
using System.Numerics;
using Coordinator.Testing;

namespace Coordinator.Torture;

/// <summary>
/// The bank's tables, the same in every database: accounts with balances, and a ledger with one row for each change of
/// a balance. A transfer's rows carry its transaction and the set of databases that it touches, so that a split shows in
/// the databases alone, whatever else was lost.
/// </summary>
internal static class Bank
{
    /// <summary>Accounts in each database, numbered from 1.</summary>
    public const int Accounts = 60;

    /// <summary>What each account starts with.</summary>
    public const long InitialBalance = 1_000;

    /// <summary>Every account of a database, locked until the transaction ends.</summary>
    public const string LockAll = "SELECT id, balance FROM account ORDER BY id FOR UPDATE";

    /// <summary>As <see cref="LockAll"/>, but fails at once where anybody holds a lock: at rest nobody does.</summary>
    public const string LockAllAtRest = "SELECT balance FROM account ORDER BY id FOR UPDATE NOWAIT";

    /// <summary>The ledger: transaction, account, change, databases.</summary>
    public const string ReadLedger = "SELECT transaction_id, account, delta, touches FROM ledger";

    /// <summary>Accounts whose balance is not what the ledger makes of it.</summary>
    public const string ReadStrayAccounts = """
        SELECT a.id, a.balance FROM account a
        LEFT JOIN (SELECT account, SUM(delta) AS moved FROM ledger GROUP BY account) l ON l.account = a.id
        WHERE a.balance <> 1000 + COALESCE(l.moved, 0)
        """;

    /// <summary>What all accounts of so many databases have together, always.</summary>
    public static long Total(int databases) => databases * Accounts * InitialBalance;

    /// <summary>Makes and fills the tables.</summary>
    public static async Task CreateAsync(PrivateServer server, string database)
    {
        var rows = string.Join(", ", Enumerable.Range(1, Accounts).Select(id => string.Create(CultureInfo.InvariantCulture, $"({id}, {InitialBalance})")));
        await server.QueryAsync(
            "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL); "
            + "CREATE TABLE ledger (transaction_id varchar(64) NOT NULL, account int NOT NULL, delta bigint NOT NULL, touches int NOT NULL, "
            + "PRIMARY KEY (transaction_id, account)); "
            + $"INSERT INTO account VALUES {rows};",
            database);
    }

    /// <summary>Changes a balance; parameters: change, account.</summary>
    public static string Update(DatabaseKind kind) => kind == DatabaseKind.Postgres
        ? "UPDATE account SET balance = balance + $1 WHERE id = $2"
        : "UPDATE account SET balance = balance + ? WHERE id = ?";

    /// <summary>Writes it down; parameters: transaction, account, change, databases.</summary>
    public static string Insert(DatabaseKind kind) => kind == DatabaseKind.Postgres
        ? "INSERT INTO ledger (transaction_id, account, delta, touches) VALUES ($1, $2, $3, $4)"
        : "INSERT INTO ledger (transaction_id, account, delta, touches) VALUES (?, ?, ?, ?)";

    /// <summary>What the server lists as prepared, one row a branch.</summary>
    public static string ListPrepared(DatabaseKind kind) =>
        kind == DatabaseKind.Postgres ? "SELECT gid FROM pg_prepared_xacts" : "XA RECOVER";

    /// <summary>A set of databases has a bit for each kind.</summary>
    public static int Bit(DatabaseKind kind) => 1 << (int)kind;

    public static int CountOf(int databases) => BitOperations.PopCount((uint)databases);

    public static string Name(DatabaseKind kind) => kind.ToString().ToLowerInvariant();
}
