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
    private readonly List<(string Text, List<DbParameter> Parameters, bool AreCounted)> _statements = [];

    public int Count => _statements.Count;

    /// <param name="command">Its text and parameters are copied.</param>
    /// <param name="check">A statement that fails if this one changed another number of rows than expected; null for none.</param>
    public void Add(DbCommand command, string? check)
    {
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
        var text = StatementText.WithoutEnd(command.CommandText).ToString();
        _statements.Add((check is null ? text : $"{text}; {check}", parameters, areCounted));
    }

    /// <summary>Takes the statements that can share one text, first come first.</summary>
    public (string Text, List<DbParameter> Parameters) Take()
    {
        var texts = new List<string>();
        var shared = new List<DbParameter>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        bool? counted = null;
        foreach (var (text, parameters, areCounted) in _statements)
        {
            if (parameters.Count > 0)
            {
                if ((counted ?? areCounted) != areCounted || (!areCounted && parameters.Exists(parameter => !names.Add(Bare(parameter)))))
                    break;
                counted = areCounted;
                shared.AddRange(parameters);
            }

            texts.Add(text);
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
