using System.Collections.Concurrent;

namespace Coordinator.Testing;

/// <summary>Sees to it that a server's programs are there: once a test process, and quick if they are.</summary>
internal static class DatabaseInstallation
{
    private const int CannotBeHad = 3;
    private static readonly ConcurrentDictionary<DatabaseKind, Lazy<Task>> Installations = new();

    public static Task EnsureAsync(DatabaseKind kind) =>
        Installations.GetOrAdd(kind, static kind => new Lazy<Task>(() => InstallAsync(kind))).Value;

    private static async Task InstallAsync(DatabaseKind kind)
    {
        var result = await DatabaseScript.RunAsync("install.sh", [kind.Name()]);
        if (result.ExitCode == CannotBeHad)
            throw new MySqlUnavailableException(result.Errors);
        // PostgreSQL and MariaDB are never optional: a machine without them fails the tests.
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"install.sh {kind.Name()} failed: {result.Errors}");
    }
}
