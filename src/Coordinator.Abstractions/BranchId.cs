using System.Diagnostics.CodeAnalysis;

namespace Coordinator;

/// <summary>One participant's part of one global transaction. PostgreSQL's gid is its text; XA has the two parts apart.</summary>
/// <param name="Transaction">The global transaction (XA's gtrid).</param>
/// <param name="Branch">The branch within it (XA's bqual).</param>
public sealed record BranchId(TransactionId Transaction, BranchName Branch)
{
    /// <summary>The formatID under which the project's XIDs are known: "COOR" in ASCII.</summary>
    public const int XaFormatId = 0x434F4F52;

    /// <summary><c>{gtrid}:{bqual}</c>, at most 122 bytes (PostgreSQL allows 199).</summary>
    public string Gid => $"{Transaction}:{Branch}";

    /// <summary>Reads a gid; false unless the whole text matches the grammar. What a scan returns is hostile data.</summary>
    public static bool TryParse(string? gid, [NotNullWhen(true)] out BranchId? id)
    {
        id = null;
        var separator = gid?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        return separator > 0 && TryParse(gid![..separator], gid[(separator + 1)..], out id);
    }

    /// <summary>Reads an XID's two parts; false unless both match the grammar as a whole.</summary>
    public static bool TryParse(string gtrid, string bqual, [NotNullWhen(true)] out BranchId? id)
    {
        id = null;
        if (!TransactionId.TryParse(gtrid, out var transaction) || !BranchName.TryParse(bqual, out var branch))
            return false;
        id = new BranchId(transaction, branch);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Gid;
}
