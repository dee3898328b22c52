using System.Buffers.Binary;

namespace Coordinator.Log;

/// <summary>How far the log is known to reach.</summary>
/// <param name="Position">A durable record, 0 before the first.</param>
/// <param name="Chain">Its chain value.</param>
/// <param name="EpochNumber">The epoch that wrote the mark; 0 before the first.</param>
internal sealed record Mark(long Position, ChainValue Chain, int EpochNumber)
{
    public static readonly Mark Beginning = new(Position: 0, ChainValue.Genesis, EpochNumber: 0);
}

/// <summary>
/// The small file beside the log that says how far the log reached. SQLite drops the end of a damaged write-ahead file
/// without a word; only a mark kept elsewhere tells that from a write that was never acknowledged.
/// </summary>
/// <remarks>
/// Written AFTER a batch is durable and BEFORE it is acknowledged, but forced only now and then: so it is never ahead of
/// the log, after a killed process it is exact, and after a power failure it may lag by the interval.
/// Two slots in two disk blocks take turns, each with a checksum and a counter, so a torn write leaves the other one.
/// </remarks>
internal sealed class HighWaterMark : IDisposable
{
    public const int SlotStride = 4096;
    private const int SlotSize = 8 + 8 + 8 + ChainValue.Size + 4 + ChainValue.Size;
    private const ulong Magic = 0x31_4B52414D4F4F43; // "COOMARK1"
    private readonly FileStream _file;
    private long _counter;

    private HighWaterMark(FileStream file) => _file = file;

    /// <summary>What the file says; null if neither slot is whole.</summary>
    public Mark? Current { get; private set; }

    /// <summary>True if something was written that was not forced.</summary>
    public bool IsUnforced { get; private set; }

    public static HighWaterMark Open(string path)
    {
        var mark = new HighWaterMark(DurableFiles.Open(path, FileMode.Open, FileShare.Read));
        mark.ReadSlots();
        return mark;
    }

    /// <summary>Makes the file, or takes an old one's place, with <paramref name="mark"/> durable in both slots.</summary>
    public static HighWaterMark Create(string path, Mark mark)
    {
        // A file of its own that is renamed once it is whole: a crash never leaves a mark without a valid slot.
        var fresh = path + ".new";
        var created = new HighWaterMark(DurableFiles.Open(fresh, FileMode.Create, FileShare.Read | FileShare.Delete));
        try
        {
            created.Write(mark);
            created.Write(mark);
            created.Force();
            File.Move(fresh, path, overwrite: true);
            DurableFiles.SyncFolder(Path.GetDirectoryName(path)!);
            return created;
        }
        catch
        {
            created.Dispose();
            throw;
        }
    }

    public void Write(Mark mark)
    {
        _counter++;
        Span<byte> slot = stackalloc byte[SlotSize];
        BinaryPrimitives.WriteUInt64LittleEndian(slot, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(slot[8..], _counter);
        BinaryPrimitives.WriteInt64LittleEndian(slot[16..], mark.Position);
        mark.Chain.Write(slot[24..]);
        BinaryPrimitives.WriteInt32LittleEndian(slot[40..], mark.EpochNumber);
        ChainValue.Of(slot[..44]).Write(slot[44..]);
        RandomAccess.Write(_file.SafeFileHandle, slot, _counter % 2 * SlotStride);
        Current = mark;
        IsUnforced = true;
    }

    public void Force()
    {
        _file.Flush(flushToDisk: true);
        IsUnforced = false;
    }

    public void Dispose() => _file.Dispose();

    private void ReadSlots()
    {
        Span<byte> slot = stackalloc byte[SlotSize];
        for (var i = 0; i < 2; i++)
        {
            var read = RandomAccess.Read(_file.SafeFileHandle, slot, i * (long)SlotStride);
            if (read < SlotSize
                || BinaryPrimitives.ReadUInt64LittleEndian(slot) != Magic
                || ChainValue.Of(slot[..44]) != ChainValue.Read(slot[44..]))
            {
                continue;
            }

            var counter = BinaryPrimitives.ReadInt64LittleEndian(slot[8..]);
            if (Current is not null && counter <= _counter)
                continue;
            _counter = counter;
            Current = new Mark(
                BinaryPrimitives.ReadInt64LittleEndian(slot[16..]),
                ChainValue.Read(slot[24..]),
                BinaryPrimitives.ReadInt32LittleEndian(slot[40..]));
        }
    }
}
