using System.Buffers.Binary;
using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// Looks into SQLite's write-ahead file for what SQLite drops without a word: everything from the first damaged frame on.
/// Part of a write that never ended is dropped rightly; what lies before another write is not, because each batch is
/// forced BEFORE the next one begins. The format is SQLite's documented one (fileformat2, section 4).
/// </summary>
internal static class WriteAheadFile
{
    private const int HeaderSize = 32;
    private const int FrameHeaderSize = 24;
    private const uint Magic = 0x377F0682;

    /// <summary>
    /// Refuses a file in which a damaged frame is followed by the ends of two batches or more: the first of them had been
    /// forced. With one, the last batch is torn or damaged, which only the high-water mark can tell.
    /// </summary>
    /// <exception cref="LogRefusedException">Names the frame.</exception>
    public static void Check(LogPaths paths)
    {
        if (!File.Exists(paths.Wal))
            return;
        using var file = new FileStream(paths.Wal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 64 * 1024);
        if (file.Length < HeaderSize)
            return;
        var header = new byte[HeaderSize];
        file.ReadExactly(header);
        var isBigEndian = (ReadUInt32(header, 0) & 1) == 1;
        var sum = Checksum(header.AsSpan(0, 24), default, isBigEndian);
        // Nothing was ever forced behind a header that was never written.
        if (header.All(value => value == 0))
            return;
        if ((ReadUInt32(header, 0) & ~1u) != Magic || sum != ReadSum(header, 24))
            throw new LogRefusedException($"The header of the write-ahead file {paths.Wal} is damaged. {LogReader.WhatToDo}");
        var pageSize = ReadUInt32(header, 8);
        if (pageSize is < 512 or > 65536)
            throw new LogRefusedException($"The header of the write-ahead file {paths.Wal} names pages of {pageSize} bytes. {LogReader.WhatToDo}");
        CheckFrames(file, header, new byte[FrameHeaderSize + pageSize], sum, isBigEndian, paths);
    }

    private static void CheckFrames(FileStream file, byte[] header, byte[] frame, (uint, uint) sum, bool isBigEndian, LogPaths paths)
    {
        var firstDamaged = 0L;
        var batchesBehind = 0;
        for (var number = 1L; file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length; number++)
        {
            var isOfThisRound = frame.AsSpan(8, 8).SequenceEqual(header.AsSpan(16, 8));
            if (firstDamaged == 0)
            {
                sum = Checksum(frame.AsSpan(FrameHeaderSize), Checksum(frame.AsSpan(0, 8), sum, isBigEndian), isBigEndian);
                if (isOfThisRound && sum == ReadSum(frame, 16))
                    continue;
                firstDamaged = number;
            }

            // The size of the database stands in a batch's last frame only.
            if (isOfThisRound && ReadUInt32(frame, 4) != 0)
                batchesBehind++;
        }

        if (batchesBehind >= 2)
        {
            throw new LogRefusedException(
                $"Frame {firstDamaged} of the write-ahead file {paths.Wal} is damaged, and records that were durable lie behind it. {LogReader.WhatToDo}");
        }
    }

    private static (uint, uint) Checksum(ReadOnlySpan<byte> data, (uint First, uint Second) sum, bool isBigEndian)
    {
        var (first, second) = sum;
        for (var i = 0; i < data.Length; i += 8)
        {
            var (left, right) = isBigEndian
                ? (BinaryPrimitives.ReadUInt32BigEndian(data[i..]), BinaryPrimitives.ReadUInt32BigEndian(data[(i + 4)..]))
                : (BinaryPrimitives.ReadUInt32LittleEndian(data[i..]), BinaryPrimitives.ReadUInt32LittleEndian(data[(i + 4)..]));
            first += left + second;
            second += right + first;
        }

        return (first, second);
    }

    // All numbers of header and frames are big-endian; the checksum's input alone follows the magic's last bit.
    private static uint ReadUInt32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private static (uint, uint) ReadSum(ReadOnlySpan<byte> bytes, int at) => (ReadUInt32(bytes, at), ReadUInt32(bytes, at + 4));
}
