namespace Coordinator.Server;

/// <summary>Tells the calls that wait, and the streams, that the process ends. What is decided stays in the log.</summary>
internal sealed class Shutdown : IDisposable
{
    private readonly CancellationTokenSource _ending = new();

    /// <summary>Cancelled when waiting calls and open streams are to end.</summary>
    public CancellationToken Token => _ending.Token;

    public bool HasBegun => _ending.IsCancellationRequested;

    public Task EndCallsAsync() => _ending.CancelAsync();

    public void Dispose() => _ending.Dispose();
}
