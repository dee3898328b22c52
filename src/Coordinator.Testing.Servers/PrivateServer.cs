using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.Testing;

/// <summary>
/// A real database server on 127.0.0.1 that belongs to one test process and may be killed, paused and restarted.
/// It ends with the test process, however that ends: <c>server.sh</c> leaves a watcher behind for it.
/// </summary>
public sealed partial class PrivateServer : IAsyncDisposable
{
    private static int s_databases;

    private PrivateServer(DatabaseKind kind, string directory)
    {
        Kind = kind;
        Directory = directory;
    }

    public DatabaseKind Kind { get; }

    /// <summary>The server's own folder: <c>log</c>, <c>pid</c>, <c>port</c>, <c>data/</c>.</summary>
    public string Directory { get; }

    /// <summary>Stays the same over restarts.</summary>
    public int Port { get; private set; }

    /// <param name="kind">The database; its programs are installed when they are missing.</param>
    /// <param name="options">Server settings, as in <c>max_prepared_transactions=0</c>.</param>
    public static async Task<PrivateServer> StartAsync(DatabaseKind kind, params string[] options)
    {
        await DatabaseInstallation.EnsureAsync(kind);
        var name = $"coordinator-{Environment.ProcessId}-{kind.Name()}-{Guid.NewGuid().ToString("N")[..8]}";
        var server = new PrivateServer(kind, Path.Combine(Path.GetTempPath(), name));
        await server.StartProcessAsync(options);
        return server;
    }

    /// <summary>Stops the server in order.</summary>
    public Task StopAsync() => RunAsync("stop");

    /// <summary>Kills all of the server's processes, as a crash would.</summary>
    public Task KillAsync() => RunAsync("kill");

    /// <summary>Starts the server again on the same port, after <see cref="KillAsync"/> or out of running.</summary>
    /// <param name="options">Server settings instead of the ones before; none: those stay.</param>
    public async Task RestartAsync(params string[] options)
    {
        await StopAsync();
        await StartProcessAsync(options);
    }

    /// <summary>Holds all of the server's processes where they are: it keeps its connections and answers nothing.</summary>
    public Task PauseAsync() => RunAsync("pause");

    public Task ResumeAsync() => RunAsync("resume");

    /// <summary>A connection string of the administrator, for Npgsql or MySqlConnector.</summary>
    public string AdminConnectionString(string? database = null) => Kind == DatabaseKind.Postgres
        ? string.Create(CultureInfo.InvariantCulture,
            $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database ?? "postgres"}")
        : string.Create(CultureInfo.InvariantCulture,
            $"Server=127.0.0.1;Port={Port};User ID=root;Password=;SslMode=Disabled;AllowPublicKeyRetrieval=True")
            + (database is null ? "" : $";Database={database}");

    /// <summary>Makes a database and returns its name.</summary>
    /// <param name="name">Lower case letters, digits and underscores; none: a name that is new on this server.</param>
    public async Task<string> CreateDatabaseAsync(string? name = null)
    {
        name ??= $"test_{Interlocked.Increment(ref s_databases)}";
        if (!DatabaseName().IsMatch(name))
            throw new ArgumentException($"Not a plain database name: {name}", nameof(name));
        await QueryAsync($"CREATE DATABASE {name};");
        return name;
    }

    /// <summary>
    /// Runs statements in one session of the server's own command-line client, as the administrator, and returns the
    /// rows, tabs between the columns. A failed statement throws with the server's message.
    /// </summary>
    public async Task<IReadOnlyList<string>> QueryAsync(string statements, string? database = null)
    {
        string[] target = database is null ? [] : [database];
        var output = await RunAsync("sql", target, statements);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Kills the server and removes its folder.</summary>
    public async ValueTask DisposeAsync() => await RunAsync("remove");

    private async Task StartProcessAsync(string[] options)
    {
        var parent = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var output = await RunAsync("start", ["--parent", parent, .. options]);
        Port = int.Parse(output, CultureInfo.InvariantCulture);
    }

    private async Task<string> RunAsync(string verb, string[]? arguments = null, string input = "")
    {
        var result = await DatabaseScript.RunAsync("server.sh", [verb, Kind.Name(), Directory, .. arguments ?? []], input);
        return result.ExitCode == 0
            ? result.Output
            : throw new InvalidOperationException($"server.sh {verb} {Kind.Name()} {Directory} failed: {result.Errors}");
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,62}$")]
    private static partial Regex DatabaseName();
}
