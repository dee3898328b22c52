using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Coordinator.Lab.Experiments;

namespace Coordinator.Lab;

/// <summary>Options that say what is wrong with a value, and the ones that every command has.</summary>
internal static class LabOptions
{
    /// <summary>A command that runs one experiment.</summary>
    public static Command Command(
        string name, string description, LabRun run, IReadOnlyList<Option> options,
        Func<ParseResult, Func<IReadOnlyList<ExperimentResult>, IExperiment>> experiment)
    {
        var command = new Command(name, description);
        foreach (var option in options)
            command.Options.Add(option);
        AddRun(command, run, parsed => [experiment(parsed)]);
        return command;
    }

    /// <summary>Adds where the results go, and runs what the options say.</summary>
    public static void AddRun(Command command, LabRun run, Func<ParseResult, IReadOnlyList<Func<IReadOnlyList<ExperimentResult>, IExperiment>>> experiments)
    {
        var format = new Option<string>("--output", "-o") { Description = "text or json.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        var report = new Option<string?>("--report") { Description = "Writes an HTML report to this file." };
        report.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && Path.GetDirectoryName(Path.GetFullPath(result.Tokens[0].Value)) is { } folder && !Directory.Exists(folder))
                result.AddError($"--report: there is no folder {folder}.");
        });
        var charts = new Option<string?>("--charts") { Description = "Writes each chart as an SVG file into this folder." };
        foreach (var option in new Option[] { format, report, charts })
            command.Options.Add(option);
        command.SetAction((parsed, cancellationToken) => run.ExecuteAsync(
            experiments(parsed), new LabOutput(parsed.GetValue(format) == "json", parsed.GetValue(report), parsed.GetValue(charts)), cancellationToken));
    }

    public static Option<int> Seed() => Number("--seed", "What is done is drawn from it.", 7, int.MinValue, int.MaxValue);

    public static Option<int> Number(string name, string description, int value, int least, int most) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result => Read(result, name, result.Tokens[0].Value, least, most),
    };

    public static Option<double> Seconds(string name, string description, double value) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0.1 and <= 600)
                return seconds;
            result.AddError($"{name}: '{text}' is not a number of seconds from 0.1 to 600.");
            return 0;
        },
    };

    /// <summary>Numbers separated by commas.</summary>
    public static Option<IReadOnlyList<int>> Numbers(string name, string description, IReadOnlyList<int> values, int least, int most) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => values,
        CustomParser = result => [.. result.Tokens[0].Value.Split(',').Select(text => Read(result, name, text, least, most)).Distinct().Order()],
    };

    private static int Read(ArgumentResult result, string name, string text, int least, int most)
    {
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        result.AddError($"{name}: '{text}' is not a whole number from {least} to {most}.");
        return least;
    }
}
