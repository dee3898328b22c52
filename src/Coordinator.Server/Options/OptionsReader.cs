using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Coordinator.Server;

/// <summary>What reading the command line, the environment and the file came to.</summary>
/// <param name="Options">The options; null if help was shown or something is wrong.</param>
/// <param name="Errors">Everything that is wrong.</param>
internal sealed record OptionsReading(ServerOptions? Options, IReadOnlyList<string> Errors);

/// <summary>Reads the options: flags before environment before the file before defaults.</summary>
internal static class OptionsReader
{
    public const string DefaultFile = "appsettings.json";

    public static OptionsReading Read(IReadOnlyList<string> arguments, TextWriter output)
    {
        var file = new Option<string?>("--config") { HelpName = "file", Description = $"A JSON file with a section {OptionCatalog.Section}. [default: {DefaultFile} in the current folder, if there]" };
        var flags = OptionCatalog.All.ToDictionary(definition => definition, ToFlag);
        var root = new RootCommand(
            "The coordinator of Coordinator: commits one transaction over several databases, all or nothing.\n\n"
            + "Every option can also stand in the environment (COORDINATOR__ and its name without dashes, for example "
            + $"COORDINATOR__MAXPAGESIZE) or in the file (section {OptionCatalog.Section}).") { file };
        foreach (var flag in flags.Values)
            root.Options.Add(flag);
        var parsed = root.Parse([.. arguments]);
        if (parsed.Errors.Count > 0)
            return new OptionsReading(null, [.. parsed.Errors.Select(error => error.Message)]);
        if (parsed.Action is not null)
        {
            parsed.Invoke(new InvocationConfiguration { Output = output });
            return new OptionsReading(null, []);
        }

        var given = flags.Where(pair => parsed.GetResult(pair.Value) is not null)
            .ToDictionary(pair => $"{OptionCatalog.Section}:{pair.Key.Key}", pair => parsed.GetValue(pair.Value) ?? "true");
        return Read(parsed.GetValue(file), given!);
    }

    private static OptionsReading Read(string? file, IReadOnlyDictionary<string, string?> flags)
    {
        if (file is not null && !File.Exists(file))
            return new OptionsReading(null, [$"--config {file}: there is no such file."]);
        try
        {
            var configuration = new ConfigurationBuilder()
                .AddJsonFile(Path.GetFullPath(file ?? DefaultFile), optional: true)
                .AddEnvironmentVariables()
                .AddInMemoryCollection(flags)
                .Build();
            return Bind(configuration.GetSection(OptionCatalog.Section));
        }
        catch (Exception exception) when (exception is InvalidDataException or JsonException or IOException)
        {
            return new OptionsReading(null, [$"{file ?? DefaultFile} cannot be read: {exception.Message} {exception.InnerException?.Message}".TrimEnd()]);
        }
    }

    internal static OptionsReading Bind(IConfigurationSection section)
    {
        var options = new ServerOptions();
        var errors = new List<string>();
        foreach (var setting in section.GetChildren())
        {
            var definition = OptionCatalog.All.FirstOrDefault(known => known.Key.Equals(setting.Key, StringComparison.OrdinalIgnoreCase));
            if (definition is null)
            {
                errors.Add($"There is no option {setting.Key}; --help lists them.");
                continue;
            }

            try
            {
                options = definition.Apply(options, setting.Value ?? "");
            }
            catch (FormatException expected)
            {
                errors.Add($"{definition.Key} is '{setting.Value}'; it must be {expected.Message}.");
            }
        }

        errors.AddRange(OptionsValidation.Check(options));
        return new OptionsReading(errors.Count == 0 ? options : null, errors);
    }

    private static Option<string?> ToFlag(OptionDefinition definition) => new(definition.Flag)
    {
        HelpName = definition.IsSwitch ? "true|false" : "value",
        Description = $"{definition.Description} [default: {(definition.Default.Length > 0 ? definition.Default : "none")}]",
        Arity = definition.IsSwitch ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
    };
}
