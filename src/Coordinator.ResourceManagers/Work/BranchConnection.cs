using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.ResourceManagers.Work;

/// <summary>
/// The connection that the work of a branch sees: the driver's own behind it, whose commands poison the branch when they
/// fail and are counted while they run. Its transaction and its end belong to the branch.
/// </summary>
internal sealed class BranchConnection(DbConnection inner, BranchGuard guard, BranchStart start) : DbConnection
{
    [AllowNull]
    public override string ConnectionString
    {
        get => inner.ConnectionString;
        set => throw NotYours("get another connection string");
    }

    public override string Database => inner.Database;

    public override string DataSource => inner.DataSource;

    public override string ServerVersion => inner.ServerVersion;

    public override ConnectionState State => inner.State;

    public override void ChangeDatabase(string databaseName) => throw NotYours("change its database");

    public override void Open() => throw NotYours("be opened: it is open");

    /// <summary>Poisons the branch: whoever closes the connection believes that the work is over.</summary>
    public override void Close() => guard.Poison("The work closed the branch's connection.");

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) =>
        throw NotYours("begin a transaction: the branch is one");

    protected override DbCommand CreateDbCommand() => new BranchCommand(this, inner.CreateCommand(), guard, start);

    private static InvalidOperationException NotYours(string what) =>
        new($"The connection of a branch cannot {what}.");
}
