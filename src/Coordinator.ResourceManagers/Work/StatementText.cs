using System.Buffers;

namespace Coordinator.ResourceManagers.Work;

/// <summary>
/// A first look at a statement's text. It guards against slips, not against malice: what counts is proven by the
/// database when the branch is prepared.
/// </summary>
internal static class StatementText
{
    private const string Separators = " \t\r\n;(";

    private static readonly SearchValues<char> _separators = SearchValues.Create(Separators);

    private static readonly string[] _ending =
        ["BEGIN", "COMMIT", "ROLLBACK", "START", "END", "ABORT", "XA"];

    private static readonly string[] _plain =
        ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES", "TABLE"];

    // What a plain statement can leave in its session: variables, locks, settings, temporary tables.
    private static readonly SearchValues<string> _traces =
        SearchValues.Create(["@@", ":=", "_LOCK", "SET_CONFIG", "TEMP"], StringComparison.OrdinalIgnoreCase);

    private static readonly string[] _changing = ["INSERT", "UPDATE", "DELETE", "REPLACE"];

    /// <summary>True for a statement that begins or ends a transaction; going back to a savepoint is neither.</summary>
    public static bool EndsTransaction(string statement)
    {
        var first = FirstWord(statement, out var rest);
        return first.Equals("PREPARE", StringComparison.OrdinalIgnoreCase)
            ? FirstWord(rest, out _).Equals("TRANSACTION", StringComparison.OrdinalIgnoreCase)
            : IsOneOf(first, _ending) && !FirstWord(rest, out _).Equals("TO", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>True for one statement of reading or writing that leaves nothing behind in the session.</summary>
    public static bool IsPlain(string statement) =>
        IsOneOf(FirstWord(statement, out _), _plain) && IsSingle(statement) && !statement.AsSpan().ContainsAny(_traces);

    /// <summary>True for a statement that changes rows and returns none, so that its answer is how many it changed.</summary>
    public static bool TellsRows(string statement) =>
        IsOneOf(FirstWord(statement, out _), _changing) && !statement.Contains("RETURNING", StringComparison.OrdinalIgnoreCase);

    /// <summary>True for a text that is one statement for certain; a semicolon in a literal makes it uncertain.</summary>
    public static bool IsSingle(string statement) => !WithoutEnd(statement).Contains(';');

    /// <summary>True for a text that may end within a comment of several lines, which would take in what is sent behind it.</summary>
    public static bool MayLeaveCommentOpen(string statement)
    {
        var open = statement.LastIndexOf("/*", StringComparison.Ordinal);
        // Of "/*/" the server takes nothing for a comment's end.
        return open >= 0 && statement.LastIndexOf("*/", StringComparison.Ordinal) < open + 2;
    }

    /// <summary>The text without the semicolons and the white space at its end.</summary>
    public static ReadOnlySpan<char> WithoutEnd(string statement) => statement.AsSpan().TrimEnd("; \t\r\n");

    private static ReadOnlySpan<char> FirstWord(ReadOnlySpan<char> text, out ReadOnlySpan<char> rest)
    {
        text = text.TrimStart(Separators);
        var end = text.IndexOfAny(_separators);
        rest = end < 0 ? [] : text[end..];
        return end < 0 ? text : text[..end];
    }

    private static bool IsOneOf(ReadOnlySpan<char> word, string[] words)
    {
        foreach (var candidate in words)
        {
            if (word.Equals(candidate, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
