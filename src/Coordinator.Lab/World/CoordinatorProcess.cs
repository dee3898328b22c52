using System.Globalization;
using Coordinator.Testing;

namespace Coordinator.Lab.World;

/// <summary>A coordinator as its users run it: a process of its own, that can be killed and started again at its address.</summary>
internal sealed class CoordinatorProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"lab-coordinator-{Guid.NewGuid():N}");
    private readonly int _healthPort = FreePort.Find();
    private readonly string[] _options;
    private ProcessHandle? _process;

    private CoordinatorProcess(string[] options) => _options = options;

    public int Port { get; } = FreePort.Find();

    public Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}"));

    /// <param name="options">Besides its addresses, its log, and drills.</param>
    public static async Task<CoordinatorProcess> StartAsync(params string[] options)
    {
        var coordinator = new CoordinatorProcess(options);
        await coordinator.StartAgainAsync();
        return coordinator;
    }

    /// <summary>Starts the process, and returns once it serves.</summary>
    public async Task StartAgainAsync()
    {
        _process = ProcessHandle.StartDotnet(Program("Coordinator.Server", "coordinator"),
        [
            "--listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}"),
            "--health-listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_healthPort}"),
            "--log", Path.Combine(_folder, "coordinator.db"), "--drill", "--scan-interval", "1s", .. _options,
        ]);
        await _process.WaitForLineAsync("serving on", StartLimit);
    }

    /// <summary>Waits until a drill's transaction stands at its point.</summary>
    public Task ReachedAsync(string point) => _process!.WaitForLineAsync($"reached {point}", StartLimit);

    /// <summary>kill -9, by the pid that was started here.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
            await process.DisposeAsync();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A program of this repository as it was built along with the lab.</summary>
    public static string Program(string project, string assembly)
    {
        var configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        return Path.Combine(Repository.Root, "src", project, "bin", configuration, "net10.0", assembly + ".dll");
    }
}
