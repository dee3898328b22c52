using System.Reflection;
using Xunit;
using Xunit.Sdk;

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

/// <summary>
/// Rows of a theory, one for MariaDB and one for MySQL, or for one of them only; without MySQL's where that cannot be
/// had (the test run's closing lines say so).
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class MySqlFamilyDataAttribute : DataAttribute
{
    private readonly DatabaseKind? _only;
    private readonly object[] _others;

    public MySqlFamilyDataAttribute() => _others = [];

    public MySqlFamilyDataAttribute(DatabaseKind only, params object[] others) => (_only, _others) = (only, others);

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        from kind in new[] { DatabaseKind.MariaDb, DatabaseKind.MySql }
        where (_only ?? kind) == kind && (kind != DatabaseKind.MySql || MySqlAvailability.ReasonToSkip is null)
        select (object[])[kind, .. _others];
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
