using System.Data.Common;
using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// Ends a branch's lost session and waits until it is really gone:
/// 1. Who holds the branch's user-level lock is its session: it is killed. On MariaDB, where a branch stays with its session
/// until its end, so is the session that an uncommitted witness row names, while that lives (see <see cref="SessionNumber"/>).
/// 2. A session lets go of that lock before the server is done with it. Its number is known from the evidence, or read,
///    uncommitted, from the witness row; while it is listed as killed, or (MariaDB) its transaction still belongs to that
///    number, XA COMMIT from elsewhere would be answered OK and leave the branch prepared, unlisted and locked.
/// </summary>
internal static class SessionEnd
{
    // information_schema.innodb_trx is a copy that is renewed only if nobody read it for 100 ms.
    private static readonly TimeSpan _lookInterval = TimeSpan.FromMilliseconds(150);

    /// <returns>Done when no session of the branch is left; else why not.</returns>
    public static async Task<Verdict> EndAsync(
        Session session,
        BranchId branch,
        Evidence? evidence,
        Flavor flavor,
        Sessions sessions,
        CancellationToken cancellationToken)
    {
        var known = new HashSet<string>();
        if (evidence is not null)
            known.Add(evidence.ConnectionId.ToString(CultureInfo.InvariantCulture));
        for (var started = sessions.Time.GetTimestamp(); ;)
        {
            var look = await LookAsync(session, branch, flavor, sessions.Options, cancellationToken);
            known.UnionWith(look.Writers);
            if (look.Holder is null && !known.Any(look.IsEnding))
                return Verdict.Done;
            if (sessions.Time.GetElapsedTime(started) > sessions.Options.SessionEndTimeout)
                return new Verdict(Answer.Unknown, $"session {look.Holder ?? string.Join(',', known)} does not end");
            if (look.Holder is { } holder
                && await KillAsync(session, holder, sessions.Options, cancellationToken) is { Answer: Answer.Refused } refusal)
            {
                return refusal;
            }

            await Task.Delay(_lookInterval, sessions.Time, cancellationToken);
        }
    }

    /// <returns>The session that has the branch, at work or prepared; null if none has.</returns>
    public static async Task<string?> FindHolderAsync(
        Session session, BranchId branch, Flavor flavor, MySqlOptions options, CancellationToken cancellationToken) =>
        (await LookAsync(session, branch, flavor, options, cancellationToken)).Holder;

    private static async Task<Look> LookAsync(
        Session session, BranchId branch, Flavor flavor, MySqlOptions options, CancellationToken cancellationToken)
    {
        // The row is read uncommitted first and as it is committed after that: one that only the first saw is not committed.
        var row = $"FROM coordinator_witness WHERE gid = '{branch.Gid}' AND fence = 0";
        var statements = $"SELECT IS_USED_LOCK({Xid.LockName(branch)}); "
            + "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; "
            + $"SELECT {SessionNumber.Connection}, {SessionNumber.Holder} {row}; "
            + $"SELECT gid {row}; "
            + "SHOW PROCESSLIST";
        if (flavor.IsMariaDb)
            statements += "; SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_mysql_thread_id <> 0";
        var results = await session.QueryAsync(statements, options.Phase2Timeout, cancellationToken);
        // On MySQL a session is free once it has prepared, and may have another branch.
        var staysWithSession = flavor.IsMariaDb && results[2].Count == 0;
        return new Look(
            Holder: results[0][0][0] ?? (staysWithSession ? results[1].Select(writer => writer[1]).FirstOrDefault() : null),
            Writers: [.. results[1].Select(writer => writer[0]!)],
            Alive: [.. results[3].Where(process => process[4] != "Killed").Select(process => process[0]!)],
            Killed: [.. results[3].Where(process => process[4] == "Killed").Select(process => process[0]!)],
            InTransaction: flavor.IsMariaDb ? [.. results[4].Select(transaction => transaction[0]!)] : []);
    }

    private static async Task<Verdict> KillAsync(Session session, string holder, MySqlOptions options, CancellationToken cancellationToken)
    {
        var id = ulong.Parse(holder, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        try
        {
            await session.ExecuteAsync($"KILL {id}", options.Phase2Timeout, cancellationToken);
            return Verdict.Done;
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            return Driver.ErrorNumber(failure) == ErrorClassifier.UnknownThread
                ? Verdict.Done
                : verdict with { Detail = $"session {id} cannot be ended: {verdict.Detail}", NeedsOperator = true };
        }
    }

    private sealed record Look(
        string? Holder, IReadOnlyList<string> Writers, HashSet<string> Alive, HashSet<string> Killed, HashSet<string> InTransaction)
    {
        // A living session without a lock is another one that got the same number after a restart.
        public bool IsEnding(string id) => Killed.Contains(id) || (InTransaction.Contains(id) && !Alive.Contains(id));
    }
}
