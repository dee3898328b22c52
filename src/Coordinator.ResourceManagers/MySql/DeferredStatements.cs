using System.Data.Common;
using System.Globalization;
using Coordinator.ResourceManagers.Work;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// Statements that wait for the prepare, with copies of their parameters. As many as possible share one text; where two
/// call a parameter by one name, or one names its parameters and the other counts them, the earlier go ahead by themselves.
/// </summary>
internal sealed class DeferredStatements
{
    private readonly List<(string Text, List<DbParameter> Parameters, bool AreCounted, int? ExpectedRows)> _statements = [];

    public int Count => _statements.Count;

    /// <summary>
    /// How many rows the one statement that waits is to change, if the sum that the driver gives for a whole text tells it;
    /// null if nothing is expected, or each has to be counted by the server.
    /// </summary>
    public int? OnlyExpectedRows => _statements is [var only] && StatementText.TellsRows(only.Text) ? only.ExpectedRows : null;

    /// <param name="command">Its text and parameters are copied.</param>
    /// <param name="expectedRows">How many rows it is to change; null: any number.</param>
    /// <exception cref="NotSupportedException">It may leave a comment open.</exception>
    public void Add(DbCommand command, int? expectedRows)
    {
        if (StatementText.MayLeaveCommentOpen(command.CommandText))
            throw new NotSupportedException("A deferred command closes its comments; where /* stands in a literal, pass that as a parameter.");
        var parameters = new List<DbParameter>(command.Parameters.Count);
        var areCounted = false;
        foreach (DbParameter parameter in command.Parameters)
        {
            var copy = Driver.Copy(parameter);
            areCounted |= IsUnnamed(copy, parameters.Count, command.CommandText);
            parameters.Add(copy);
        }

        if (areCounted)
            parameters.ForEach(parameter => parameter.ParameterName = "");
        // The line's end ends a comment that the statement may end in: what follows, XA PREPARE too, would be part of it.
        _statements.Add(($"{StatementText.WithoutEnd(command.CommandText)}\n", parameters, areCounted, expectedRows));
    }

    /// <summary>Takes the statements that can share one text, first come first.</summary>
    /// <param name="check">Gives the statement that fails if the one before it changed another number of rows; null: none are checked.</param>
    public (string Text, List<DbParameter> Parameters) Take(Func<int, string>? check)
    {
        var texts = new List<string>();
        var shared = new List<DbParameter>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        bool? counted = null;
        var hasComment = false;
        foreach (var (text, parameters, areCounted, expectedRows) in _statements)
        {
            if (parameters.Count > 0)
            {
                // Driver and server do not agree where each comment ends: the driver would not find what stands behind it.
                if (hasComment || (counted ?? areCounted) != areCounted || (!areCounted && parameters.Exists(parameter => !names.Add(Bare(parameter)))))
                    break;
                counted = areCounted;
                shared.AddRange(parameters);
            }

            hasComment |= StatementText.MayHaveComment(text);
            texts.Add(expectedRows is { } expected && check is not null ? $"{text}; {check(expected)}" : text);
        }

        _statements.RemoveRange(0, texts.Count);
        return (string.Join("; ", texts), shared);
    }

    // MySql.Data gives parameters without a name one of this form.
    private static bool IsUnnamed(DbParameter parameter, int index, string text)
    {
        var made = string.Create(CultureInfo.InvariantCulture, $"Parameter{index + 1}");
        return parameter.ParameterName.Length == 0
            || (Bare(parameter) == made && !text.Contains(made, StringComparison.OrdinalIgnoreCase));
    }

    private static string Bare(DbParameter parameter) => parameter.ParameterName.TrimStart('@', '?');
}
