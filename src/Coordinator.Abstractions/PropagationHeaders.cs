namespace Coordinator;

/// <summary>
/// The names under which a transaction travels with the calls of applications, over HTTP and over gRPC. A service that
/// worked in the transaction answers with its branches, so that Commit can name them (R14).
/// </summary>
public static class PropagationHeaders
{
    /// <summary>On a request: the id of the transaction to work in.</summary>
    public const string Transaction = "coordinator-transaction";

    /// <summary>
    /// On an answer, as header or trailer: the branches that the service and those it called enlisted, separated by
    /// commas; may repeat.
    /// </summary>
    public const string Branch = "coordinator-branch";

    /// <summary>The most branches that one answer may name.</summary>
    public const int MaxBranches = 64;

    /// <summary>Reads the branches of one or more header values.</summary>
    /// <exception cref="FormatException">A name does not match the grammar, or there are too many.</exception>
    public static IReadOnlyList<BranchName> ParseBranches(IEnumerable<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var branches = values
            .SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Select(BranchName.Parse)
            .Distinct()
            .Take(MaxBranches + 1)
            .ToList();
        return branches.Count <= MaxBranches
            ? branches
            : throw new FormatException($"An answer names at most {MaxBranches} branches.");
    }

    /// <summary>Writes branches as one header value.</summary>
    public static string FormatBranches(IEnumerable<BranchName> branches) => string.Join(',', branches);
}
