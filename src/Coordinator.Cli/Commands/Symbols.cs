using System.CommandLine;
using System.CommandLine.Parsing;

namespace Coordinator.Cli.Commands;

/// <summary>Arguments and options that several commands share, checked before anything is sent.</summary>
internal static class Symbols
{
    private const int MaxReasonLength = 500;

    public static Argument<string> Id()
    {
        var id = new Argument<string>("id") { Description = "The transaction's id", HelpName = "ID" };
        id.Validators.Add(result => CheckId(result, result.Tokens));
        return id;
    }

    public static void CheckId(OptionResult result) => CheckId(result, result.Tokens);

    private static void CheckId(SymbolResult result, IReadOnlyList<Token> tokens)
    {
        var text = tokens.SingleOrDefault()?.Value ?? "";
        if (!TransactionId.TryParse(text, out _))
            result.AddError($"'{text}' is not a transaction id; these look like k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef.");
    }

    public static Option<string> Reason()
    {
        var reason = new Option<string>("--reason")
        {
            Description = $"Why, for those who come later; recorded, at most {MaxReasonLength} characters",
            HelpName = "text",
            Required = true,
        };
        reason.Validators.Add(result =>
        {
            var text = result.Tokens.SingleOrDefault()?.Value ?? "";
            if (string.IsNullOrWhiteSpace(text) || text.Length > MaxReasonLength)
                result.AddError($"A reason has 1 to {MaxReasonLength} characters.");
        });
        return reason;
    }
}
