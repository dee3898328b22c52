using Coordinator.Engine;
using Coordinator.Log;
using Coordinator.Simulation.Checks;

namespace Coordinator.Simulation.Disk;

/// <summary>What <c>coordctl log restored</c> does: it says in the log itself that records may be missing (R7).</summary>
internal static class SimulatedRestore
{
    public static void Declare(SimulatedDisk disk, Oracle oracle)
    {
        var frames = disk.Read().ToList();
        if (frames.Count == 0)
            return;
        var fold = new LogFold();
        foreach (var frame in frames)
            fold.Apply(frame.Position, RecordCodec.Decode(frame.Body, frame.Position));
        var record = new RestoredRecord(fold.HighestEpoch, "restored from a backup", DateTimeOffset.UnixEpoch);
        var body = RecordCodec.Encode(record);
        var position = frames[^1].Position + 1;
        frames.Add(new Frame(position, frames[^1].Chain.Next(position, body)) { Body = body });
        disk.Replace(frames, Faults.None);
        oracle.Note("the restore is declared");
    }
}
