using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>What an inspection of a log that nobody has open found; all of it was verified.</summary>
/// <param name="Path">The file.</param>
/// <param name="Cluster">Whose log it is; null if no epoch was begun in it.</param>
/// <param name="Epoch">The newest epoch; null likewise.</param>
/// <param name="End">The position of the last record.</param>
/// <param name="Records">How many records there are; trimming leaves gaps in the positions.</param>
/// <param name="MarkPosition">Where the high-water mark stands; null without one, as in a backup.</param>
/// <param name="Horizon">How far decisions were trimmed; null if they never were.</param>
/// <param name="RestoredBefore">Set if a restore was declared.</param>
/// <param name="Unfinished">Decisions without an end.</param>
public sealed record LogReport(
    string Path,
    ClusterId? Cluster,
    Epoch? Epoch,
    long End,
    long Records,
    long? MarkPosition,
    Horizon? Horizon,
    int? RestoredBefore,
    int Unfinished);
