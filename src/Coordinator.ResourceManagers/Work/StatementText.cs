namespace Coordinator.ResourceManagers.Work;

/// <summary>
/// A first look at a statement's text. It guards against slips, not against malice: what counts is proven by the
/// database when the branch is prepared.
/// </summary>
internal static class StatementText
{
    private static readonly string[] _ending =
        ["BEGIN", "COMMIT", "ROLLBACK", "START", "END", "ABORT", "XA"];

    private static readonly string[] _plain =
        ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES", "TABLE"];

    /// <summary>True for a statement that begins or ends a transaction; going back to a savepoint is neither.</summary>
    public static bool EndsTransaction(string statement)
    {
        var (first, second) = FirstWords(statement);
        return first.Equals("PREPARE", StringComparison.OrdinalIgnoreCase)
            ? second.Equals("TRANSACTION", StringComparison.OrdinalIgnoreCase)
            : IsOneOf(first, _ending) && !second.Equals("TO", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// True for one statement of reading or writing without session variables: it leaves nothing behind in the session.
    /// </summary>
    public static bool IsPlain(string statement) =>
        IsOneOf(FirstWords(statement).First, _plain)
        && !statement.Contains("@@", StringComparison.Ordinal)
        && !statement.Contains(":=", StringComparison.Ordinal)
        && !statement.Contains("_LOCK", StringComparison.OrdinalIgnoreCase)
        && !statement.AsSpan().TrimEnd().TrimEnd(';').Contains(';');

    private static (string First, string Second) FirstWords(string statement)
    {
        var words = statement.Split(
            [' ', '\t', '\r', '\n', ';', '('], 3, StringSplitOptions.RemoveEmptyEntries);
        return (words.Length > 0 ? words[0] : "", words.Length > 1 ? words[1] : "");
    }

    private static bool IsOneOf(string word, string[] words) => words.Contains(word, StringComparer.OrdinalIgnoreCase);
}
