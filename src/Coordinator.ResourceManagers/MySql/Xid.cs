using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// The texts in which a branch's id reaches MySQL and MariaDB. An XID cannot be a parameter, so it is spliced in; a
/// <see cref="BranchId"/> exists only if it matches the grammar, which has no quote and no backslash.
/// </summary>
internal static class Xid
{
    public static string Start(BranchId branch) => $"XA START {Text(branch)}";

    public static string End(BranchId branch) => $"XA END {Text(branch)}";

    public static string Prepare(BranchId branch) => $"XA PREPARE {Text(branch)}";

    public static string Commit(BranchId branch) => $"XA COMMIT {Text(branch)}";

    /// <summary>
    /// Only for a branch that was never prepared: MySQL accepts it on a prepared one, commits without a binlog record,
    /// and may then not start again after a crash.
    /// </summary>
    public static string CommitOnePhase(BranchId branch) => $"XA COMMIT {Text(branch)} ONE PHASE";

    public static string Rollback(BranchId branch) => $"XA ROLLBACK {Text(branch)}";

    /// <summary>
    /// The user-level lock that the branch's session holds, by which others learn its connection id. A lock's name has at
    /// most 64 characters.
    /// </summary>
    public static string LockName(BranchId branch) =>
        $"'coordinator:{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(branch.Gid)).AsSpan(0, 20))}'";

    public static string ReleaseLock(string lockName) => $"DO RELEASE_LOCK({lockName})";

    private static string Text(BranchId branch) => string.Create(
        CultureInfo.InvariantCulture, $"'{branch.Transaction}','{branch.Branch}',{BranchId.XaFormatId}");
}
