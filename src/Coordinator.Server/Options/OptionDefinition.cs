using System.Globalization;
using System.Text;

namespace Coordinator.Server;

/// <summary>
/// One option: its key in the configuration (section Coordinator), from which the flag's and the variable's names follow,
/// how its text changes the options, and how they show it.
/// </summary>
/// <param name="Key">For example MaxOpenTransactions.</param>
/// <param name="Description">For people, one line.</param>
/// <param name="Read">The value's text, as the option would be given.</param>
/// <param name="Apply">Sets it; a <see cref="FormatException"/> says what is expected.</param>
/// <param name="IsSwitch">True if the flag may stand without a value.</param>
internal sealed record OptionDefinition(
    string Key, string Description, Func<ServerOptions, string> Read, Func<ServerOptions, string, ServerOptions> Apply, bool IsSwitch = false)
{
    /// <summary>On the command line, for example --max-open-transactions.</summary>
    public string Flag { get; } = FlagOf(Key);

    /// <summary>In the environment, for example COORDINATOR__MAXOPENTRANSACTIONS.</summary>
    public string Variable { get; } = "COORDINATOR__" + Key.ToUpperInvariant();

    /// <summary>The value without any configuration; empty for none.</summary>
    public string Default { get; } = Read(new ServerOptions());

    public static OptionDefinition Text(
        string key, string description, Func<ServerOptions, string> read, Func<ServerOptions, string, ServerOptions> apply) =>
        new(key, description, read, (options, text) => apply(options, text.Trim()));

    public static OptionDefinition Duration(
        string key, string description, Func<ServerOptions, TimeSpan> read, Func<ServerOptions, TimeSpan, ServerOptions> apply) =>
        new(key, description, options => Durations.Format(read(options)), (options, text) => apply(options, Durations.Parse(text.Trim())));

    public static OptionDefinition Number(
        string key, string description, Func<ServerOptions, long> read, Func<ServerOptions, long, ServerOptions> apply) =>
        new(key, description, options => read(options).ToString(CultureInfo.InvariantCulture), (options, text) => apply(options, ParseNumber(text)));

    public static OptionDefinition Number(
        string key, string description, Func<ServerOptions, int> read, Func<ServerOptions, int, ServerOptions> apply) =>
        new(key, description, options => read(options).ToString(CultureInfo.InvariantCulture), (options, text) => apply(options, ParseInt(text)));

    public static OptionDefinition Switch(
        string key, string description, Func<ServerOptions, bool> read, Func<ServerOptions, bool, ServerOptions> apply) =>
        new(
            key,
            description,
            options => read(options) ? "true" : "false",
            (options, text) => apply(options, bool.TryParse(text, out var on) ? on : throw new FormatException("true or false")),
            IsSwitch: true);

    public static OptionDefinition Choice<T>(
        string key, string description, Func<ServerOptions, T> read, Func<ServerOptions, T, ServerOptions> apply)
        where T : struct, Enum =>
        new(key, description, options => read(options).ToString(), (options, text) => apply(options, ParseChoice<T>(text)));

    private static long ParseNumber(string text) =>
        long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException("a whole number");

    private static int ParseInt(string text) => ParseNumber(text) is >= int.MinValue and <= int.MaxValue and var number
        ? (int)number
        : throw new FormatException($"a whole number up to {int.MaxValue}");

    // By name only: Enum.TryParse takes any number too.
    private static T ParseChoice<T>(string text)
        where T : struct, Enum =>
        Enum.GetNames<T>().FirstOrDefault(name => name.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase)) is { } name
            ? Enum.Parse<T>(name)
            : throw new FormatException($"one of {string.Join(", ", Enum.GetNames<T>())}");

    private static string FlagOf(string key)
    {
        var flag = new StringBuilder("--");
        foreach (var c in key)
        {
            if (char.IsUpper(c) && flag.Length > 2)
                flag.Append('-');
            flag.Append(char.ToLowerInvariant(c));
        }

        return flag.ToString();
    }
}
