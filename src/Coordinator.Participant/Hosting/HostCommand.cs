using System.CommandLine;
using System.Globalization;

namespace Coordinator.Participant.Hosting;

/// <summary>The host's command line. What is given here goes over environment and settings file.</summary>
internal static class HostCommand
{
    /// <summary>Makes the command; <paramref name="run"/> gets what was given, as configuration keys and values.</summary>
    public static RootCommand Create(Func<Dictionary<string, string?>, CancellationToken, Task<int>> run)
    {
        var command = new RootCommand("Attaches a PostgreSQL, MariaDB or MySQL database to a coordinator and serves SQL in its branches.");
        var settings = new List<(Option Option, Func<ParseResult, string?> Read, string Key)>();
        Add("--name", nameof(ParticipantHostOptions.Name), "The participant's name: [a-z0-9-], starting with a letter.");
        Add("--coordinator", nameof(ParticipantHostOptions.Coordinator), "The coordinator's address, for example http://127.0.0.1:7070.");
        Add("--postgres", nameof(ParticipantHostOptions.Postgres), "PostgreSQL's connection string, as Npgsql has it.");
        Add("--mysql", nameof(ParticipantHostOptions.MySql), "MySQL's or MariaDB's connection string.");
        Add("--listen", nameof(ParticipantHostOptions.Listen), "Where to serve SQL over gRPC (http://127.0.0.1:0: any port).");
        Add("--advertise", nameof(ParticipantOptions.SqlAddress), "Where others reach that, if not at the address listened on.");
        Add("--health-listen", nameof(ParticipantHostOptions.HealthListen), "Where to serve /health and /metrics over HTTP/1.1; --listen serves them over HTTP/2.");
        Add("--otlp-endpoint", nameof(ParticipantHostOptions.OtlpEndpoint), "Where metrics and traces are exported to by OTLP, for example http://127.0.0.1:4317.");
        Add("--reflection", nameof(ParticipantHostOptions.Reflection), "on or off: gRPC clients may ask what is served, as grpcurl does (off).", OnOff);
        Add("--instance", nameof(ParticipantOptions.Instance), "This process in branch names: 8 to 16 characters of [a-z0-9]; new at each start.");
        Add("--witness", nameof(ParticipantHostOptions.Witness), "on or off: a witness row a branch on MySQL and MariaDB (on).", OnOff);
        Add("--lock-timeout", nameof(ParticipantOptions.LockTimeout), "How long a statement may wait for a lock (5s).", Duration);
        Add("--drain", nameof(ParticipantOptions.DrainLimit), "How long a shutdown waits for open branches (5s).", Duration);
        Add("--max-branches", nameof(ParticipantHostOptions.MaxBranches), "How many branches may be open at once.");
        command.SetAction((result, cancellationToken) => run(
            settings.Where(setting => result.GetResult(setting.Option) is not null)
                .ToDictionary(setting => $"{ParticipantHostOptions.Section}:{setting.Key}", setting => setting.Read(result)),
            cancellationToken));
        return command;

        void Add(string name, string key, string description, Func<string, string>? convert = null)
        {
            var option = new Option<string>(name) { Description = description };
            option.Validators.Add(result =>
            {
                if (result.Tokens.Count == 1 && convert is not null && Failure(convert, result.Tokens[0].Value) is { } failure)
                    result.AddError($"{name}: {failure}");
            });
            command.Options.Add(option);
            settings.Add((option, result => result.GetValue(option) is { } value && convert is not null ? convert(value) : result.GetValue(option), key));
        }
    }

    /// <summary>Reads 500ms, 5s, 2m, 1h, or hh:mm:ss.</summary>
    public static string Duration(string text)
    {
        var unit = text.TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.');
        if (unit is "ms" or "s" or "m" or "h"
            && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number < 1e9)
        {
            var duration = unit switch
            {
                "ms" => TimeSpan.FromMilliseconds(number),
                "s" => TimeSpan.FromSeconds(number),
                "m" => TimeSpan.FromMinutes(number),
                _ => TimeSpan.FromHours(number),
            };
            return duration.ToString("c", CultureInfo.InvariantCulture);
        }

        // A bare number would be days.
        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out _)
            ? text
            : throw new FormatException($"{text} is no duration: 500ms, 5s, 2m, 1h or 00:00:05.");
    }

    private static string OnOff(string text) => text switch
    {
        "on" or "true" => "true",
        "off" or "false" => "false",
        _ => throw new FormatException($"{text} is neither on nor off."),
    };

    private static string? Failure(Func<string, string> convert, string text)
    {
        try
        {
            convert(text);
            return null;
        }
        catch (FormatException failure)
        {
            return failure.Message;
        }
    }
}
