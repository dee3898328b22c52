using Coordinator.Torture.Kills;

namespace Coordinator.Torture;

/// <summary>What a run is told.</summary>
/// <param name="Kills">Processes and servers to kill.</param>
/// <param name="Seed">Of the plan, the moments and the transfers.</param>
/// <param name="Kinds">The kinds to choose from.</param>
/// <param name="Clients">Client processes.</param>
/// <param name="Round">Strikes between two inspections at rest.</param>
/// <param name="Limit">When killing ends, whether all kills are made or not.</param>
/// <param name="HealLimit">How long everything may take to come to rest.</param>
/// <param name="Json">Whether the result is written as JSON.</param>
/// <param name="Keep">Whether the folder with all outputs stays when nothing is broken.</param>
internal sealed record TortureOptions(
    int Kills, int Seed, IReadOnlyList<KillKind> Kinds, int Clients, int Round, TimeSpan Limit, TimeSpan HealLimit, bool Json, bool Keep);
