using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// What stands for the disk of an <see cref="InMemoryTransactionLog"/>: tests open a new log on the same storage to
/// model a start after a crash. It is gone with the process.
/// </summary>
public sealed class InMemoryLogStorage
{
    private readonly List<(long Position, byte[] Body)> _records = [];
    private bool? _nextWrite;

    internal object Gate { get; } = new();

    internal InMemoryTransactionLog? Owner { get; set; }

    internal long End { get; private set; }

    internal long Cut { get; private set; }

    /// <summary>Models a crash of the process that has the log open: what was not durable is lost, and its log is dead.</summary>
    public void Crash()
    {
        lock (Gate)
            Owner = null;
    }

    /// <summary>Makes the next write's outcome unknown to the log.</summary>
    /// <param name="isWritten">Whether it reaches the storage all the same.</param>
    public void FailNextWrite(bool isWritten)
    {
        lock (Gate)
            _nextWrite = isWritten;
    }

    internal IEnumerable<(long Position, LogRecord Record)> Records() =>
        _records.Select(record => (record.Position, RecordCodec.Decode(record.Body, record.Position)));

    /// <exception cref="IOException">As ordered by <see cref="FailNextWrite"/>.</exception>
    internal void Write(IReadOnlyList<byte[]> bodies)
    {
        var isFailing = _nextWrite is not null;
        if (_nextWrite != false)
        {
            foreach (var body in bodies)
                _records.Add((++End, body));
        }

        _nextWrite = null;
        if (isFailing)
            throw new IOException("The write was made to fail.");
    }

    internal void Remove(IReadOnlySet<long> positions, long cut)
    {
        _records.RemoveAll(record => positions.Contains(record.Position));
        Cut = cut;
    }
}
