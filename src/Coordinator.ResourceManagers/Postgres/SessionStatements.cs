using System.Diagnostics.CodeAnalysis;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// The statements that every branch runs. Planned anew each time they would cost the server more than the work itself,
/// so each connection of work prepares them once, and the driver then uses what is prepared, in a batch with the work's
/// own statements too. Behind a pooler that hands server sessions on between transactions nothing is prepared.
/// </summary>
internal static class SessionStatements
{
    /// <summary>The first column of what a branch asks for itself, among the results of the work.</summary>
    public const string Column = "coordinator";

    /// <summary>Makes a new or reset connection ready; the process id tells whether a pooler stands between.</summary>
    public const string Remember =
        "SELECT pg_backend_pid()::text, set_config('coordinator.system_identifier', system_identifier::text, false) FROM pg_control_system()";

    /// <summary>Returns the transaction's id, if it has one, and its start.</summary>
    public const string OwnIfAssigned = $"SELECT pg_current_xact_id_if_assigned()::text AS {Column}, {StartedAt}";

    private const string StartedAt = "extract(epoch FROM now())::text";

    private const string TakeLock = "1 / pg_try_advisory_xact_lock($1)::int, set_config('lock_timeout', $2, true)";

    private const string BeginText = $"SELECT {StartedAt}, {TakeLock}";

    private const string BeginWithIdText = $"SELECT pg_current_xact_id()::text, {TakeLock}";

    private const string OwnText = $"SELECT pg_current_xact_id()::text AS {Column}, {StartedAt}";

    // The system identifier never changes under a session, and reading it means reading a file. A gid is prepared once
    // on a whole server, and our own xid proves that it is ours, so the database need not be looked up.
    private const string ProofText =
        $"SELECT transaction::text AS {Column}, coalesce(nullif(current_setting('coordinator.system_identifier', true), ''), "
        + "(SELECT system_identifier::text FROM pg_control_system())), "
        + "substring(pg_walfile_name(pg_current_wal_flush_lsn()) FOR 8), pg_current_wal_flush_lsn()::text "
        + "FROM pg_prepared_xact() WHERE gid = $1";

    // The driver finds what it has prepared by the text. Work that may have forgotten it on the server is sent another one.
    private const string Unprepared = " ";

    /// <summary>Prepares them on a connection.</summary>
    public static async Task PrepareAsync(NpgsqlConnection connection)
    {
        await PrepareAsync(connection, BeginText, new NpgsqlParameter<long>(), new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text });
        await PrepareAsync(connection, BeginWithIdText, new NpgsqlParameter<long>(), new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text });
        await PrepareAsync(connection, OwnText);
        await PrepareAsync(connection, ProofText, new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text });
    }

    /// <summary>
    /// Returns the transaction's start, or its id if one is to be assigned at once; takes the branch's lock and sets the
    /// lock timeout. A lock that somebody else holds is a division by zero, so that nothing that was sent behind it is run.
    /// </summary>
    public static NpgsqlBatchCommand Begin(long lockKey, string lockTimeout, bool withId) => new(withId ? BeginWithIdText : BeginText)
    {
        Parameters = { new NpgsqlParameter<long> { TypedValue = lockKey }, Text(lockTimeout) },
    };

    /// <summary>Returns the transaction's own id, assigning one, and its start.</summary>
    public static NpgsqlBatchCommand Own(bool isPrepared) => new(isPrepared ? OwnText : OwnText + Unprepared);

    /// <summary>
    /// Fails unless the transaction is still the one that began then: what stands behind it in a batch would otherwise
    /// be committed by itself.
    /// </summary>
    public static NpgsqlBatchCommand Expect(string startedAt) => new($"SELECT 1 / ({StartedAt} = $1)::int")
    {
        Parameters = { Text(startedAt) },
    };

    /// <summary>Returns the prepared transaction's id, system identifier, timeline and position; no row if there is none.</summary>
    public static NpgsqlBatchCommand Proof(BranchId branch, bool isPrepared) => new(isPrepared ? ProofText : ProofText + Unprepared)
    {
        Parameters = { Text(branch.Gid) },
    };

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    [SuppressMessage("Security", "CA2100", Justification = "The texts are constants.")]
    private static async Task PrepareAsync(NpgsqlConnection connection, string text, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(text, connection);
        command.Parameters.AddRange(parameters);
        await command.PrepareAsync();
    }
}
