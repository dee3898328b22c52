using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// The texts in which a branch's id reaches PostgreSQL. A gid cannot be a parameter, so it is spliced in; a
/// <see cref="BranchId"/> exists only if it matches the grammar, which has no quote and no backslash.
/// </summary>
internal static class Gid
{
    public static string Prepare(BranchId branch) => $"PREPARE TRANSACTION '{branch.Gid}'";

    public static string Commit(BranchId branch) => $"COMMIT PREPARED '{branch.Gid}'";

    public static string Rollback(BranchId branch) => $"ROLLBACK PREPARED '{branch.Gid}'";

    /// <summary>
    /// The key of the advisory lock that the branch holds from BEGIN until it is over, prepared included: by it a lost
    /// session is found, and whoever can take it knows that no session and no prepared transaction of the branch is left.
    /// </summary>
    public static string LockKey(BranchId branch) =>
        Key(branch).ToString(CultureInfo.InvariantCulture);

    /// <summary>The condition on <c>pg_locks</c> that finds the holder of <see cref="LockKey"/>.</summary>
    public static string LockHolder(BranchId branch)
    {
        var key = (ulong)Key(branch);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"locktype = 'advisory' AND objsubid = 1 AND classid = {key >> 32} AND objid = {key & uint.MaxValue} "
            + $"AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND granted");
    }

    /// <summary>The number of <see cref="LockKey"/>.</summary>
    public static long Key(BranchId branch) =>
        BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes(branch.Gid)));
}
