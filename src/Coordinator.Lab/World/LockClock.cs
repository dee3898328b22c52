using System.Collections.Concurrent;
using System.Diagnostics;

namespace Coordinator.Lab.World;

/// <summary>
/// How long rows stayed locked: from the moment when the statement that wrote a row had completed to the moment when the
/// database had answered the commit or rollback, both seen from beside the database and in one clock.
/// </summary>
internal sealed class LockClock
{
    private readonly ConcurrentDictionary<string, long> _locked = new();
    private readonly ConcurrentQueue<double> _milliseconds = new();

    /// <summary>A row was written, by a local transaction or branch that the key tells; the first call counts.</summary>
    public void Locked(string key) => _locked.TryAdd(key, Stopwatch.GetTimestamp());

    /// <summary>It has ended; without a written row nothing is noted.</summary>
    public void Released(string key)
    {
        if (_locked.TryRemove(key, out var since))
            _milliseconds.Enqueue(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }

    /// <summary>What was measured since the last call; locks still held stay.</summary>
    public double[] Take()
    {
        var taken = new List<double>();
        while (_milliseconds.TryDequeue(out var time))
            taken.Add(time);
        return [.. taken];
    }

    /// <summary>How long the rows that are locked now have been so far, in milliseconds.</summary>
    public double[] Held() => [.. _locked.Values.Select(since => Stopwatch.GetElapsedTime(since).TotalMilliseconds)];
}
