using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;
using Coordinator.ResourceManagers.Work;
using MySqlConnector;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// The lock timeouts, the branch's user-level lock, XA START and the witness row, ahead of the first statement in one
/// text: the server stops at the first error, so where the branch is taken nothing that follows is run. Where the witness
/// row tells its session, on MariaDB, the branch needs no lock of its own.
/// </summary>
internal sealed class Start : BranchStart
{
    private const string LockWaitTimeout = "lock_wait_timeout";

    private readonly Session _session;
    private readonly BranchId _branch;
    private readonly MySqlOptions _options;
    private readonly string _lockTimeout;
    private readonly string? _lockName;
    private readonly string _begin;

    public Start(Session session, BranchId branch, BranchOptions branchOptions, MySqlOptions options, Flavor flavor)
    {
        _session = session;
        _branch = branch;
        _options = options;
        _lockTimeout = Number(Math.Max(1, (int)Math.Ceiling(branchOptions.LockTimeout.TotalSeconds)));
        _lockName = options.Witness && flavor.IsMariaDb ? null : Xid.LockName(branch);
        var now = session.ServerNow;
        Evidence = new Evidence(session.Id, now, options.Witness).ToString();
        _begin = IsolationClause(branchOptions.IsolationLevel) + Xid.Start(branch)
            + (options.Witness ? "; " + Witness.Insert(branch, session.Number, now) : "");
        Variables["innodb_lock_wait_timeout"] = _lockTimeout;
        Variables[LockWaitTimeout] = _lockTimeout;
    }

    /// <summary>What the vote carries.</summary>
    public string Evidence { get; }

    /// <summary>What lets go of the branch's user-level lock, behind the statement that ends it; empty if it has none.</summary>
    public string ReleaseLock => _lockName is null ? "" : "; " + Xid.ReleaseLock(_lockName);

    /// <summary>How many rows what begins the branch changes itself.</summary>
    public int OwnRows => _options.Witness ? 1 : 0;

    /// <summary>The statements that begin the branch, which are about to be sent.</summary>
    public string TakeText()
    {
        WasSent = true;
        var variables = TakeVariables();
        if ((_lockName ?? _session.LockToRenew(_options.FreshFor)) is { } name)
            return $"{Guarded($"COALESCE(GET_LOCK({name}, 0), 0) <> 1", variables)}; {_begin}";
        return variables.Length == 0 ? _begin : $"SET SESSION {variables[2..]}; {_begin}";
    }

    /// <summary>Fails if the statement before it changed another number of rows.</summary>
    public MySqlBatchCommand ExpectRows(int expected)
    {
        Variables[LockWaitTimeout] = _lockTimeout;
        _session.Variables = new Dictionary<string, string>(Variables);
        return new MySqlBatchCommand(Guarded($"ROW_COUNT() <> {Number(expected)}"));
    }

    public override async Task BeginAsync(bool async, CancellationToken cancellationToken)
    {
        try
        {
            var running = _session.ExecuteAsync(TakeText(), _options.WorkTimeout, cancellationToken);
            if (async)
                await running;
            else
                running.GetAwaiter().GetResult();
            Began();
        }
        catch (DbException failure) when (FoundTaken(failure))
        {
            throw new BranchTakenException(_branch, failure);
        }
    }

    /// <summary>Call after the text was run by somebody else.</summary>
    public void Began() => HasBegun = true;

    /// <summary>True if the failure says that somebody else has the branch.</summary>
    public bool FoundTaken(DbException failure)
    {
        IsTaken |= !HasBegun && (Driver.ErrorNumber(failure) == ErrorClassifier.XaDuplicate
            || (IsGuard(failure) && failure.Message.Contains("get_lock", StringComparison.OrdinalIgnoreCase)));
        return IsTaken;
    }

    /// <summary>True if <see cref="ExpectRows"/> failed.</summary>
    public static bool FoundOtherRows(DbException failure) =>
        IsGuard(failure) && failure.Message.Contains("row_count", StringComparison.OrdinalIgnoreCase);

    protected override Task SetVariablesAsync(CancellationToken cancellationToken)
    {
        var variables = TakeVariables();
        return variables.Length == 0
            ? Task.CompletedTask
            : _session.ExecuteAsync("SET SESSION " + variables[2..], _options.WorkTimeout, cancellationToken);
    }

    protected override bool CanShare(DbCommand first)
    {
        foreach (DbParameter parameter in first.Parameters)
        {
            if (parameter.Direction != ParameterDirection.Input)
                return false;
        }

        return true;
    }

    protected override async Task<FirstResult> ExecuteTogetherAsync(
        bool async, DbCommand first, CommandBehavior behavior, CancellationToken cancellationToken)
    {
        var batch = new MySqlBatch(_session.Connection) { Timeout = first.CommandTimeout };
        batch.BatchCommands.Add(new MySqlBatchCommand(TakeText()));
        batch.BatchCommands.Add(Driver.Copy(first));
        try
        {
            var reader = async ? await batch.ExecuteReaderAsync(behavior, cancellationToken) : batch.ExecuteReader(behavior);
            Began();
            // A reader that stands at a result set belongs to a query, which tells no rows; else the witness row is counted too.
            var isQuery = reader.FieldCount > 0;
            return new FirstResult(reader, total => isQuery ? -1 : total - OwnRows);
        }
        catch (DbException failure) when (FoundTaken(failure))
        {
            throw new BranchTakenException(_branch, failure);
        }
    }

    // A sum that overflows fails in every SQL mode, and SET is the statement in which both servers let it. The timeout
    // is the branch's own, so a sum that does not overflow changes nothing.
    private string Guarded(string failsIf, string alsoSet = "") =>
        $"SET SESSION {LockWaitTimeout} = {_lockTimeout} + 9223372036854775807 * ({failsIf}){alsoSet}";

    // What the session does not have yet, and what it has from a branch before: sent first of all, so that it is either
    // set or the session is lost.
    private string TakeVariables()
    {
        var text = new StringBuilder();
        foreach (var (name, value) in Variables)
        {
            if (_session.Variables.GetValueOrDefault(name) != value)
                text.Append(CultureInfo.InvariantCulture, $", {name} = {(value.All(char.IsAsciiDigit) ? value : $"'{value}'")}");
        }

        foreach (var name in _session.Variables.Keys)
        {
            if (!Variables.ContainsKey(name))
                text.Append(CultureInfo.InvariantCulture, $", {name} = DEFAULT");
        }

        _session.Variables = new Dictionary<string, string>(Variables);
        return text.ToString();
    }

    private static bool IsGuard(DbException failure) =>
        Driver.ErrorNumber(failure) == ErrorClassifier.OutOfRange
        && failure.Message.Contains("9223372036854775807", StringComparison.Ordinal);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string IsolationClause(IsolationLevel? level) => level switch
    {
        null or IsolationLevel.Unspecified => "",
        IsolationLevel.ReadUncommitted => "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; ",
        IsolationLevel.ReadCommitted => "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ",
        IsolationLevel.RepeatableRead or IsolationLevel.Snapshot => "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; ",
        IsolationLevel.Serializable => "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; ",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "The server has no such isolation level."),
    };
}
