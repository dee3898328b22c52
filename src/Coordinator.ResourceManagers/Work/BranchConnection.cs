using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.ResourceManagers.Work;

/// <summary>
/// The connection that the work of a branch sees: the driver's own behind it, whose commands poison the branch when they
/// fail and are counted while they run. Its transaction and its end belong to the branch.
/// </summary>
internal sealed class BranchConnection : DbConnection
{
    private readonly DbConnection _inner;
    private readonly BranchGuard _guard;
    private readonly BranchStart _start;

    public BranchConnection(DbConnection inner, BranchGuard guard, BranchStart start)
    {
        (_inner, _guard, _start) = (inner, guard, start);
        // It owns nothing. The base class has a finalizer, which would keep all that a branch was made of for a collection more.
        GC.SuppressFinalize(this);
    }

    [AllowNull]
    public override string ConnectionString
    {
        get => _inner.ConnectionString;
        set => throw NotYours("get another connection string");
    }

    public override string Database => _inner.Database;

    public override string DataSource => _inner.DataSource;

    public override string ServerVersion => _inner.ServerVersion;

    public override ConnectionState State => _inner.State;

    public override void ChangeDatabase(string databaseName) => throw NotYours("change its database");

    public override void Open() => throw NotYours("be opened: it is open");

    /// <summary>Poisons the branch: whoever closes the connection believes that the work is over.</summary>
    public override void Close() => _guard.Poison("The work closed the branch's connection.");

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) =>
        throw NotYours("begin a transaction: the branch is one");

    protected override DbCommand CreateDbCommand() => new BranchCommand(this, _inner.CreateCommand(), _guard, _start);

    private static InvalidOperationException NotYours(string what) =>
        new($"The connection of a branch cannot {what}.");
}
