using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coordinator.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Cli.Output;

/// <summary>How the coordinator's answers become documents.</summary>
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(TransactionsDocument))]
[JsonSerializable(typeof(TransactionDocument))]
[JsonSerializable(typeof(ShowDocument))]
[JsonSerializable(typeof(InDoubtDocument))]
[JsonSerializable(typeof(ParticipantsDocument))]
[JsonSerializable(typeof(RemovedDocument))]
[JsonSerializable(typeof(ResolvedDocument))]
[JsonSerializable(typeof(ForgottenDocument))]
[JsonSerializable(typeof(LogDocument))]
[JsonSerializable(typeof(LogRecordDocument))]
[JsonSerializable(typeof(LogRestoredDocument))]
[JsonSerializable(typeof(ErrorEnvelope))]
internal sealed partial class Documents : JsonSerializerContext
{
    /// <summary>Text as it is: the documents go to programs, not into web pages.</summary>
    public static Documents Types { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static TransactionDocument From(Transaction transaction) => new(
        transaction.TransactionId,
        Text(transaction.Name),
        Name(transaction.State),
        Name(transaction.Outcome),
        Text(transaction.Reason),
        Moment(transaction.BegunAt),
        Moment(transaction.Deadline),
        From(transaction.Branches));

    public static IReadOnlyList<BranchDocument> From(IEnumerable<Branch> branches) =>
        [.. branches.Select(branch => new BranchDocument(branch.Name, Name(branch.State), Text(branch.Detail), branch.Attempts, Moment(branch.NextAttemptAt)))];

    public static HeuristicDocument From(Heuristic heuristic) => new(
        heuristic.TransactionId,
        heuristic.Branch,
        heuristic.Decided,
        heuristic.Found,
        Text(heuristic.Detail),
        Moment(heuristic.At));

    public static DateTimeOffset? Moment(Timestamp? at) => at?.ToDateTimeOffset();

    /// <summary>Null for the contract's empty text.</summary>
    public static string? Text(string text) => text.Length == 0 ? null : text;

    /// <summary>An enum's value in lower case with hyphens; null for Unspecified.</summary>
    public static string? Name<T>(T value)
        where T : struct, System.Enum
    {
        var name = value.ToString();
        if (name == "Unspecified")
            return null;
        // A value of a newer coordinator is its number.
        return string.Concat(
            name.Select((c, i) => char.IsUpper(c) && i > 0 ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
    }
}
