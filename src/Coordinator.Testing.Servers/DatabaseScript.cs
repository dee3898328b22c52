using System.Diagnostics;

namespace Coordinator.Testing;

/// <summary>Runs the scripts of <c>deploy/databases</c>.</summary>
internal static class DatabaseScript
{
    public static async Task<ScriptResult> RunAsync(string script, IEnumerable<string> arguments, string input = "")
    {
        var start = new ProcessStartInfo("bash")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(Repository.Root, "deploy", "databases", script));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return new ScriptResult(process.ExitCode, await output, (await errors).Trim());
    }

    public static string Name(this DatabaseKind kind) => kind switch
    {
        DatabaseKind.Postgres => "postgres",
        DatabaseKind.MariaDb => "mariadb",
        DatabaseKind.MySql => "mysql",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind"),
    };
}

internal readonly record struct ScriptResult(int ExitCode, string Output, string Errors);
