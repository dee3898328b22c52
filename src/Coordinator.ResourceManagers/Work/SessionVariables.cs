using System.Text.RegularExpressions;

namespace Coordinator.ResourceManagers.Work;

/// <summary>
/// Session variables that a branch asks for. Neither server takes their names as parameters, so names and values are
/// spliced into SQL, and only plain ones are let in.
/// </summary>
internal static partial class SessionVariables
{
    /// <exception cref="ArgumentException">A name or a value has a character that could end it.</exception>
    public static void Check(IReadOnlyDictionary<string, string> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        foreach (var (name, value) in variables)
        {
            if (!Name().IsMatch(name) || !Value().IsMatch(value))
                throw new ArgumentException($"Not a plain variable or value: {name}.", nameof(variables));
        }
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9_.]*\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A[A-Za-z0-9 ,.:/+_-]*\z")]
    private static partial Regex Value();
}
