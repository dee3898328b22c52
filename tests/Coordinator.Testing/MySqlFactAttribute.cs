using Xunit;

namespace Coordinator.Testing;

/// <summary>A test on real MySQL, skipped with the reason where that cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MySqlFactAttribute : FactAttribute
{
    public MySqlFactAttribute() => Skip = MySqlAvailability.ReasonToSkip;
}

/// <summary>A theory on real MySQL, skipped with the reason where that cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MySqlTheoryAttribute : TheoryAttribute
{
    public MySqlTheoryAttribute() => Skip = MySqlAvailability.ReasonToSkip;
}

internal static class MySqlAvailability
{
    private static readonly Lazy<string?> Reason = new(Find);

    public static string? ReasonToSkip => Reason.Value;

    private static string? Find()
    {
        try
        {
            // An attribute's constructor cannot await, and discovery has no context to deadlock on.
            Task.Run(() => DatabaseInstallation.EnsureAsync(DatabaseKind.MySql)).GetAwaiter().GetResult();
            return null;
        }
        catch (MySqlUnavailableException unavailable)
        {
            return unavailable.Message;
        }
    }
}
