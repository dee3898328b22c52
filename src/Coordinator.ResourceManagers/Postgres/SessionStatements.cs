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

    /// <summary>
    /// Makes a new or reset connection ready; the process id tells whether a pooler stands between. What is remembered
    /// never changes under a session: a timeline ends with a recovery, which a session outlives only if it began in it.
    /// </summary>
    public const string Remember =
        "SELECT pg_backend_pid()::text, set_config('coordinator.system_identifier', system_identifier::text, false), "
        + $"set_config('coordinator.timeline', CASE WHEN pg_is_in_recovery() THEN '' ELSE {ReadTimeline} END, false) FROM pg_control_system()";

    /// <summary>Returns the transaction's id, if it has one, and its start.</summary>
    public const string OwnIfAssigned = $"SELECT pg_current_xact_id_if_assigned()::text AS {Column}, {StartedAt}";

    private const string StartedAt = "extract(epoch FROM now())::text";

    private const string TakeLock = "1 / pg_try_advisory_xact_lock($1)::int, set_config('lock_timeout', $2, true)";

    private const string BeginText = $"SELECT {StartedAt}, {TakeLock}";

    private const string BeginWithIdText = $"SELECT {RememberId}, {TakeLock}";

    private const string OwnText = $"SELECT {RememberId} AS {Column}, {StartedAt}";

    // Not for the transaction only: what was set so is forgotten at its end, and PREPARE is one.
    private const string RememberId = "set_config('coordinator.xid', pg_current_xact_id()::text, false)";

    // NULL where the work made the session forget it: an error would leave behind what PREPARE has prepared.
    private const string Id = "nullif(current_setting('coordinator.xid', true), '')";

    private const string ReadTimeline = "substring(pg_walfile_name(pg_current_wal_flush_lsn()) FOR 8)";

    private const string Place =
        "coalesce(nullif(current_setting('coordinator.system_identifier', true), ''), (SELECT system_identifier::text FROM pg_control_system())), "
        + $"coalesce(nullif(current_setting('coordinator.timeline', true), ''), {ReadTimeline}), pg_current_wal_flush_lsn()::text";

    // The transaction that PREPARE found is over for this session and yet in progress: it is prepared. To look its gid up
    // would mean to list all that is prepared.
    private const string ProofText =
        $"SELECT CASE WHEN pg_xact_status({Id}::xid8) = 'in progress' AND pg_current_xact_id_if_assigned() IS NULL THEN {Id} END AS {Column}, "
        + Place;

    // Work that the guard cannot see through may have prepared its transaction itself, under a gid of its own.
    private const string ListedProofText =
        $"SELECT CASE WHEN transaction::text = ({Id}::xid8)::xid::text THEN {Id} ELSE '' END AS {Column}, {Place} FROM pg_prepared_xact() WHERE gid = $1";

    // The driver finds what it has prepared by the text. Work that may have forgotten it on the server is sent another one.
    private const string Unprepared = " ";

    /// <summary>Prepares them on a connection.</summary>
    public static async Task PrepareAsync(NpgsqlConnection connection)
    {
        await PrepareAsync(connection, BeginText, new NpgsqlParameter<long>(), new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text });
        await PrepareAsync(connection, BeginWithIdText, new NpgsqlParameter<long>(), new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text });
        await PrepareAsync(connection, OwnText);
        await PrepareAsync(connection, ProofText);
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

    /// <summary>
    /// Returns the transaction's id, system identifier, timeline and position; no id, or no row, if it is not prepared.
    /// </summary>
    /// <param name="branch">Whose gid is looked up where the work may have prepared its transaction itself.</param>
    /// <param name="isPrepared">False for such work, which may have forgotten on the server what the driver prepared there.</param>
    public static NpgsqlBatchCommand Proof(BranchId branch, bool isPrepared) =>
        isPrepared ? new(ProofText) : new(ListedProofText) { Parameters = { Text(branch.Gid) } };

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    [SuppressMessage("Security", "CA2100", Justification = "The texts are constants.")]
    private static async Task PrepareAsync(NpgsqlConnection connection, string text, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(text, connection);
        command.Parameters.AddRange(parameters);
        await command.PrepareAsync();
    }
}
