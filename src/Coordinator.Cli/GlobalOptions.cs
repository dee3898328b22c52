using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Coordinator.Cli;

/// <summary>The options that every command has.</summary>
internal sealed class GlobalOptions
{
    public const string AddressVariable = "COORDINATOR_URL";
    public const string DefaultAddress = "http://127.0.0.1:7070";

    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    public GlobalOptions(Func<string, string?> variable)
    {
        Coordinator = new Option<Uri>("--coordinator", "-c")
        {
            Description = $"The coordinator's address; the variable {AddressVariable} sets it too",
            HelpName = "url",
            Recursive = true,
            DefaultValueFactory = result => ToAddress(variable(AddressVariable) ?? DefaultAddress, result),
            CustomParser = static result => ToAddress(result.Tokens.Single().Value, result),
        };
        Output = new Option<string>("--output", "-o")
        {
            Description = "table for people, json for programs: one document with stable field names, errors too",
            HelpName = "table|json",
            Recursive = true,
            DefaultValueFactory = static _ => "table",
        };
        Output.AcceptOnlyFromAmong("table", "json");
        Timeout = new Option<TimeSpan?>("--timeout")
        {
            Description = "How long to wait for an answer, for example 500ms, 10s or 2m [default: 10s]",
            HelpName = "duration",
            Recursive = true,
            CustomParser = static result => ToDuration(result.Tokens.Single().Value, result),
        };
    }

    public Option<Uri> Coordinator { get; }

    public Option<string> Output { get; }

    public Option<TimeSpan?> Timeout { get; }

    public void AddTo(RootCommand root)
    {
        root.Options.Add(Coordinator);
        root.Options.Add(Output);
        root.Options.Add(Timeout);
    }

    private static Uri ToAddress(string text, ArgumentResult result)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var address)
            && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps))
        {
            return address;
        }

        result.AddError($"'{text}' is not a coordinator's address. Give an http or https URL, for example {DefaultAddress}.");
        // Not used: an error ends the run.
        return new Uri(DefaultAddress);
    }

    private static TimeSpan? ToDuration(string text, ArgumentResult result)
    {
        var unit = text.TrimStart([.. "0123456789."]);
        var scale = unit switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" or "" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            _ => TimeSpan.Zero,
        };
        if (double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number * scale >= TimeSpan.FromMilliseconds(1) && number * scale <= TimeSpan.FromHours(1))
        {
            return number * scale;
        }

        result.AddError($"'{text}' is not a duration from 1ms to 60m. Give for example 500ms, 10s or 2m.");
        return null;
    }
}
