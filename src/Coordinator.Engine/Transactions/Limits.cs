namespace Coordinator.Engine;

/// <summary>Checks of what callers send, each with an error that says what to do.</summary>
internal static class Limits
{
    public static TimeSpan CheckTimeout(TimeSpan? timeout, EngineOptions options)
    {
        var lifetime = timeout ?? options.DefaultTimeout;
        if (lifetime <= TimeSpan.Zero || lifetime > options.MaxTimeout)
            throw Malformed($"timeout is {lifetime}; it must be longer than zero and at most {options.MaxTimeout}.");
        return lifetime;
    }

    public static void CheckText(string text, int limit, string field)
    {
        if (text.Length > limit)
            throw Malformed($"{field} has {text.Length} characters; at most {limit} are allowed.");
        if (text.Any(char.IsControl))
            throw Malformed($"{field} has control characters.");
    }

    public static void CheckReason(string reason)
    {
        if (string.IsNullOrWhiteSpace(reason))
            throw Malformed("reason is empty; say why, it is recorded.");
        CheckText(reason, 500, "reason");
    }

    private static RefusedException Malformed(string message) => new(RefusalKind.InvalidArgument, Reasons.Malformed, message);
}
