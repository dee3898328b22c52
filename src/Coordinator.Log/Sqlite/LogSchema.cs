namespace Coordinator.Log;

/// <summary>The tables. Their text is compared at each opening: a flipped bit in it could hide records.</summary>
internal static class LogSchema
{
    /// <summary>Marks the file as ours: "COOL" in ASCII.</summary>
    public const long ApplicationId = 0x434F4F4C;

    /// <summary>Version history of the tables: 1 in 0.1.0.</summary>
    public const long Version = 1;

    /// <summary>
    /// One row a record. Only decisions have a txid, and its index makes the first writer win (R2). Both indexes leave
    /// out nulls, so that an end record costs one page write and not three.
    /// </summary>
    public static readonly IReadOnlyList<string> Statements =
    [
        "CREATE TABLE record (position INTEGER PRIMARY KEY, txid TEXT, key TEXT, body BLOB NOT NULL, chain BLOB NOT NULL)",
        "CREATE UNIQUE INDEX record_txid ON record (txid) WHERE txid IS NOT NULL",
        "CREATE INDEX record_key ON record (key) WHERE key IS NOT NULL",
        "CREATE TABLE anchor (id INTEGER PRIMARY KEY, cut INTEGER NOT NULL, chain BLOB NOT NULL, seal BLOB NOT NULL)",
    ];
}
