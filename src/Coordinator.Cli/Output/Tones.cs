namespace Coordinator.Cli.Output;

/// <summary>Which words are good news.</summary>
internal static class Tones
{
    public static Cell Of(string? name) => new(name ?? "", name switch
    {
        "committed" or "SERVING" => Tone.Good,
        "in-doubt" or "unknown" or "aborting" or "aborted" or "rolled-back" or "voted-no" or "DRAINING" => Tone.Warning,
        "quarantined" or "heuristic" or "heuristic-mixed" or "heuristic-hazard" or "LOG_UNAVAILABLE" => Tone.Bad,
        _ => Tone.Plain,
    });
}
