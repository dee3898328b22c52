namespace Coordinator.Torture.Kills;

/// <summary>A process or server that is killed and started again. Who kills it holds <see cref="Gate"/> until it is back.</summary>
/// <param name="name">For people.</param>
/// <param name="touches">The set of databases whose transfers need it; 0: all transfers do.</param>
/// <param name="kill">SIGKILL; returns once it is gone.</param>
/// <param name="restart">Returns once it serves again.</param>
internal sealed class Victim(string name, int touches, Func<Task> kill, Func<Task> restart)
{
    public string Name => name;

    public int Touches => touches;

    /// <summary>Held while it is down, and while something relies on its being up.</summary>
    public SemaphoreSlim Gate { get; } = new(1);

    /// <summary>When it came back last.</summary>
    public DateTimeOffset BackAt { get; private set; } = DateTimeOffset.UtcNow;

    public bool IsUp => Gate.CurrentCount > 0;

    public Task KillAsync() => kill();

    public async Task RestartAsync()
    {
        await restart();
        BackAt = DateTimeOffset.UtcNow;
    }
}
