using System.Collections.Concurrent;

namespace Coordinator.Testing;

/// <summary>
/// A coordinator process and participant processes, as their users run them, that can be killed and started again at
/// the same addresses.
/// </summary>
/// <param name="folder">Where the coordinator's log is kept.</param>
/// <param name="coordinatorOptions">Passed on to the coordinator, besides its addresses and its log.</param>
/// <param name="environment">Added to every process's environment.</param>
/// <param name="outputs">Where each process's output is appended to <c>{name}.log</c>; null: kept in memory only.</param>
public sealed class Deployment(
    string folder,
    IReadOnlyList<string> coordinatorOptions,
    IReadOnlyDictionary<string, string?>? environment = null,
    string? outputs = null) : IAsyncDisposable
{
    /// <summary>The coordinator among the processes.</summary>
    public const string CoordinatorName = "coordinator";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly int _port = FreePort.Find();
    private readonly int _healthPort = FreePort.Find();
    private readonly Dictionary<string, (PrivateServer Server, string ConnectionString, IReadOnlyList<string> Options, int SqlPort)> _participants = [];
    private readonly ConcurrentDictionary<string, ProcessHandle> _processes = [];

    public Uri Coordinator => new($"http://127.0.0.1:{_port}");

    public string LogPath => Path.Combine(folder, "coordinator.db");

    /// <summary>Where the coordinator's health and metrics are.</summary>
    public Uri Health => new($"http://127.0.0.1:{_healthPort}");

    /// <summary>Where a participant's SQL service listens.</summary>
    public Uri SqlAddress(string participant) => new($"http://127.0.0.1:{_participants[participant].SqlPort}");

    /// <summary>The process that runs under a name, or has ended by itself.</summary>
    public ProcessHandle Process(string name) => _processes[name];

    /// <summary>Makes a participant known; <see cref="StartAsync"/> starts it.</summary>
    public void AddParticipant(string name, PrivateServer server, string database) =>
        AddParticipant(name, server, server.AdminConnectionString(database), []);

    /// <summary>The same, with a connection string of the caller's own, and further options of the host.</summary>
    public void AddParticipant(string name, PrivateServer server, string connectionString, IReadOnlyList<string> options) =>
        _participants.Add(name, (server, connectionString, options, FreePort.Find()));

    /// <summary>Starts the coordinator or a participant, and returns once it serves, or is attached.</summary>
    public async Task StartAsync(string name)
    {
        var isCoordinator = name == CoordinatorName;
        var process = ProcessHandle.StartDotnet(
            isCoordinator ? Programs.Server : Programs.Participant,
            isCoordinator ? CoordinatorArguments() : ParticipantArguments(name),
            environment,
            outputs is null ? null : Path.Combine(outputs, $"{name}.log"));
        _processes[name] = process;
        await process.WaitForLineAsync(isCoordinator ? "serving on" : "attached to", StartLimit);
    }

    /// <summary>kill -9, by the pid that was started here.</summary>
    public async Task KillAsync(string name)
    {
        if (_processes.TryRemove(name, out var process))
            await process.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.Values)
            await process.DisposeAsync();
    }

    private string[] CoordinatorArguments() =>
    [
        "--listen", $"127.0.0.1:{_port}", "--health-listen", $"127.0.0.1:{_healthPort}", "--log", LogPath, .. coordinatorOptions,
    ];

    private string[] ParticipantArguments(string name)
    {
        var (server, connectionString, options, port) = _participants[name];
        return
        [
            "--name", name, "--coordinator", Coordinator.ToString(), "--listen", $"http://127.0.0.1:{port}",
            server.Kind == DatabaseKind.Postgres ? "--postgres" : "--mysql", connectionString,
            .. options,
        ];
    }
}
