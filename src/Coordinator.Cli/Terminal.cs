namespace Coordinator.Cli;

/// <summary>Where a run reads and writes, so that tests can stand for it.</summary>
/// <param name="In">Answers to questions.</param>
/// <param name="Out">Results.</param>
/// <param name="Error">Questions and errors.</param>
/// <param name="InIsTerminal">True if a person can answer.</param>
/// <param name="OutIsTerminal">True if a person reads the results: only then there are colours, borders and wrapped lines.</param>
/// <param name="Width">The terminal's width, in characters.</param>
/// <param name="Variable">Reads an environment variable; null if it is not set.</param>
public sealed record Terminal(
    TextReader In,
    TextWriter Out,
    TextWriter Error,
    bool InIsTerminal,
    bool OutIsTerminal,
    int Width,
    Func<string, string?> Variable)
{
    /// <summary>True unless the variable NO_COLOR has a value (no-color.org).</summary>
    public bool AllowsColour => string.IsNullOrEmpty(Variable("NO_COLOR"));

    /// <summary>The process's own.</summary>
    public static Terminal OfProcess() => new(
        Console.In,
        Console.Out,
        Console.Error,
        InIsTerminal: !Console.IsInputRedirected,
        OutIsTerminal: !Console.IsOutputRedirected,
        // Some terminals tell no width.
        Width: Console.IsOutputRedirected || Console.WindowWidth <= 0 ? 120 : Console.WindowWidth,
        Environment.GetEnvironmentVariable);
}
