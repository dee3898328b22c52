namespace Coordinator;

/// <summary>All prepared branches of one database at one moment. A scan that fails or runs on a standby throws instead (R6).</summary>
/// <param name="Branches">What is prepared, ours or not.</param>
/// <param name="ServerStart">Changes when the database server was restarted; only compared for equality.</param>
public sealed record PreparedScan(IReadOnlyList<PreparedBranch> Branches, string ServerStart);

/// <summary>One prepared branch as the database lists it: hostile data until <see cref="Id"/> is set.</summary>
/// <param name="Raw">The database's own id, made printable and cut at 200 characters, for people only.</param>
/// <param name="Id">The branch, if the whole id matches the project's grammar (and formatID); otherwise null.</param>
/// <param name="PreparedAt">When it was prepared by the server's clock; null where the server does not tell.</param>
/// <param name="Evidence">
/// What later proves how it ended, as its vote would have given it; null where the database cannot tell that of a listed
/// branch, and for one that is not ours. Another may finish the branch between the scan and the command that follows it.
/// </param>
public sealed record PreparedBranch(string Raw, BranchId? Id, DateTimeOffset? PreparedAt, string? Evidence = null);
