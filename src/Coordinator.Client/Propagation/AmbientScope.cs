namespace Coordinator.Client;

/// <summary>Ends a <see cref="GlobalTransaction.MakeCurrent"/>: the transaction that was current before is so again.</summary>
public sealed class AmbientScope : IDisposable
{
    private readonly GlobalTransaction? _outer;
    private bool _disposed;

    internal AmbientScope(GlobalTransaction? outer) => _outer = outer;

    /// <summary>Restores the outer transaction. To be called in the flow of control that opened the scope.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        GlobalTransaction.Restore(_outer);
    }
}
