using System.Collections.Concurrent;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// Open sessions of one purpose, at most <paramref name="size"/> at once. Unlike a driver's pool it never resets or rolls
/// back by itself: who returns a session says whether it may be used again; otherwise it is disconnected.
/// </summary>
internal sealed class SessionPool(
    string connectionString,
    string setup,
    int size,
    TimeSpan connectTimeout,
    TimeSpan idleTimeout,
    TimeProvider time) : IAsyncDisposable
{
    private readonly SemaphoreSlim _places = new(size);
    private readonly ConcurrentStack<Session> _idle = new();
    private volatile bool _noBackslashEscapes;
    private volatile bool _disposed;

    /// <summary>Takes an unused session or opens one. An unused one may have been ended by the server meanwhile.</summary>
    public async Task<(Session Session, bool IsFresh)> RentAsync(bool fresh, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!await _places.WaitAsync(connectTimeout, cancellationToken))
            throw new TimeoutException($"All {size} sessions stayed in use for {connectTimeout.TotalSeconds} s.");
        try
        {
            while (_idle.TryPop(out var idle))
            {
                if (!fresh && idle.IsUsable && time.GetElapsedTime(idle.ReturnedAt) < idleTimeout)
                    return (idle, false);
                await idle.DisconnectAsync();
            }

            return (await OpenAsync(cancellationToken), true);
        }
        catch
        {
            _places.Release();
            throw;
        }
    }

    public async Task ReturnAsync(Session session, bool reusable)
    {
        session.ReturnedAt = time.GetTimestamp();
        if (reusable && session.IsUsable && !_disposed)
            _idle.Push(session);
        else
            await session.DisconnectAsync();
        _places.Release();
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        while (_idle.TryPop(out var idle))
            await idle.DisconnectAsync();
    }

    // The driver escapes as it is set up to. A session whose server reads literals the other way would store other text than it
    // was given, so it is opened anew, set up for that.
    private async Task<Session> OpenAsync(CancellationToken cancellationToken)
    {
        var expected = _noBackslashEscapes;
        var session = await OpenAsync(expected, cancellationToken);
        if (session.NoBackslashEscapes == expected)
            return session;
        _noBackslashEscapes = !expected;
        await session.DisconnectAsync();
        session = await OpenAsync(!expected, cancellationToken);
        if (session.NoBackslashEscapes != expected)
            return session;
        await session.DisconnectAsync();
        throw new ConnectionLostException("The server's sql_mode changes from one connection to the next.");
    }

    private async Task<Session> OpenAsync(bool noBackslashEscapes, CancellationToken cancellationToken)
    {
        var connection = Driver.Create(connectionString, noBackslashEscapes);
        var opening = connection.OpenAsync(CancellationToken.None);
        try
        {
            await opening.WaitAsync(connectTimeout, cancellationToken);
        }
        catch
        {
            // It may still come about: then it is closed at once.
            _ = opening.ContinueWith(
                _ => connection.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            throw;
        }

        var session = new Session(connection);
        try
        {
            await session.SetUpAsync(setup, connectTimeout, cancellationToken);
            return session;
        }
        catch
        {
            await session.DisconnectAsync();
            throw;
        }
    }
}
