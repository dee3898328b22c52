using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server;

/// <summary>Reads fields of requests, each with an error that names the field and what it must be.</summary>
internal static class Fields
{
    public static TransactionId TransactionId(string text, string field = "transaction_id") =>
        Read(text, field, Coordinator.TransactionId.Parse);

    public static BranchName Branch(string text, string field = "branch") => Read(text, field, BranchName.Parse);

    public static IReadOnlyList<BranchName> Branches(IReadOnlyList<string> texts, int limit, string field = "branches")
    {
        if (texts.Count > limit)
            throw new MalformedException(field, $"names {texts.Count} branches; at most {limit} are allowed.");
        return [.. texts.Select(text => Branch(text, field)).Distinct()];
    }

    /// <summary>A duration; null if unset.</summary>
    public static TimeSpan? Duration(Duration? duration, string field)
    {
        if (duration is null)
            return null;
        // Durations of protobuf reach further than a TimeSpan, and their two parts can contradict each other.
        if (duration.Seconds is < -TimeSpan.SecondsPerDay or > TimeSpan.SecondsPerDay * 366L || Math.Abs((long)duration.Nanos) > 999_999_999)
            throw new MalformedException(field, "must be a duration of at most 366 days.");
        return TimeSpan.FromSeconds(duration.Seconds) + TimeSpan.FromTicks(duration.Nanos / TimeSpan.NanosecondsPerTick);
    }

    /// <summary>A text that must not be empty, longer than the limit, or have control characters.</summary>
    public static string Text(string text, int limit, string field)
    {
        if (text.Length == 0)
            throw new MalformedException(field, "must not be empty.");
        return OptionalText(text, limit, field);
    }

    public static string OptionalText(string text, int limit, string field)
    {
        if (text.Length > limit)
            throw new MalformedException(field, $"has {text.Length} characters; at most {limit} are allowed.");
        if (text.Any(char.IsControl))
            throw new MalformedException(field, "has control characters.");
        return text;
    }

    public static T Read<T>(string text, string field, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException grammar)
        {
            throw new MalformedException(field, grammar.Message);
        }
    }
}
