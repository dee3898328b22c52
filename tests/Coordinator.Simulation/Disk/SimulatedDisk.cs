using Coordinator.Log;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Disk;

/// <summary>
/// The file of the log and its high-water mark, with a page cache in between. What was written and not forced is lost in
/// part at a crash; after a failed force the cache shows what the disk doesn't have, and forcing again doesn't help.
/// </summary>
internal sealed class SimulatedDisk(SeededRandom random)
{
    private List<Frame> _file = [];
    private Mark _mark = new(0, ChainValue.Genesis);
    private (List<Frame> File, Mark Mark)? _backup;
    private Action? _repair;

    /// <summary>True once a bit of a durable record was flipped, until it is repaired.</summary>
    public bool IsDamaged => _repair is not null;

    public bool HasBackup => _backup is not null;

    /// <summary>The file as a process reads it: through the cache.</summary>
    public IReadOnlyList<Frame> Read() => _file;

    public Mark ReadMark() => _mark;

    public void Append(IEnumerable<Frame> frames) => _file.AddRange(frames);

    /// <summary>Drops a torn tail.</summary>
    public void DropAfter(int frames) => _file.RemoveRange(frames, _file.Count - frames);

    /// <summary>Forces the file, and then the mark. A failure may leave all on the disk, or some, or nothing.</summary>
    /// <exception cref="IOException">It failed; what became of it, nobody knows.</exception>
    public void Force(Faults faults)
    {
        if (!random.Chance(faults.LogWriteFails))
        {
            foreach (var frame in _file)
                frame.IsDurable |= !frame.IsLie;
            if (_file.Count > 0)
                _mark = new Mark(_file[^1].Position, _file[^1].Chain);
            return;
        }

        var there = random.Chance(faults.FailedWriteIsThere);
        foreach (var frame in _file.Where(frame => !frame.IsDurable))
        {
            if (there)
                frame.IsDurable = true;
            else
                frame.IsLie = true;
            there &= random.Chance(0.9);
        }

        throw new IOException("fsync failed");
    }

    /// <summary>Writes a whole new file beside the old one, forces it, and puts it in its place: all of it or nothing.</summary>
    /// <exception cref="IOException">It failed, and the old file stands.</exception>
    public void Replace(List<Frame> frames, Faults faults)
    {
        if (random.Chance(faults.LogWriteFails))
            throw new IOException("the new file could not be written");
        foreach (var frame in frames)
            frame.IsDurable = true;
        _file = frames;
        _mark = frames.Count > 0 ? new Mark(frames[^1].Position, frames[^1].Chain) : new Mark(0, ChainValue.Genesis);
    }

    /// <summary>The machine or the process goes down: the disk keeps what was forced, and perhaps a part of the rest.</summary>
    public void Crash(Faults faults)
    {
        var kept = _file.TakeWhile(frame => frame.IsDurable).ToList();
        foreach (var frame in _file.Skip(kept.Count))
        {
            if (!random.Chance(0.5))
            {
                if (random.Chance(faults.TornTail))
                    kept.Add(frame with { Body = frame.Body[..random.Below(frame.Body.Length)], IsDurable = true });
                break;
            }

            kept.Add(frame with { IsDurable = true, IsLie = false });
        }

        _file = kept;
    }

    /// <summary>Keeps what the file has now. An empty one is no backup: whoever restores that begins another cluster.</summary>
    public void TakeBackup()
    {
        if (_mark.Position > 0 && !IsDamaged)
            _backup = ([.. _file.Where(frame => frame.Position <= _mark.Position).Select(frame => frame with { })], _mark);
    }

    public void RestoreBackup()
    {
        (_file, _mark) = ([.. _backup!.Value.File.Select(frame => frame with { })], _backup.Value.Mark);
        _repair = null;
    }

    /// <summary>True if a database remembers a position that this file doesn't reach.</summary>
    public bool Lacks(CoordinatorMark mark) => mark.Position > (_file.Count > 0 ? _file[^1].Position : 0);

    /// <summary>Flips one bit of a record that the mark covers.</summary>
    public void FlipBit()
    {
        if (IsDamaged)
            return;
        var covered = _file.Where(frame => frame.Position <= _mark.Position).ToList();
        if (covered.Count == 0)
            return;
        var frame = random.Pick(covered);
        var undamaged = frame.Body;
        var body = (byte[])frame.Body.Clone();
        body[random.Below(body.Length)] ^= (byte)(1 << random.Below(8));
        frame.Body = body;
        _repair = () => frame.Body = undamaged;
    }

    /// <summary>An operator brings the undamaged file back.</summary>
    public void Repair()
    {
        _repair?.Invoke();
        _repair = null;
    }
}

/// <summary>One record in the file.</summary>
internal sealed record Frame(long Position, ChainValue Chain)
{
    public required byte[] Body { get; set; }

    public bool IsDurable { get; set; }

    /// <summary>The cache shows it, the disk doesn't have it, and no force will change that.</summary>
    public bool IsLie { get; set; }
}

/// <summary>How far the file had been forced, kept apart from it.</summary>
internal readonly record struct Mark(long Position, ChainValue Chain);
