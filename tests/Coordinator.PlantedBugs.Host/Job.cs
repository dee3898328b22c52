namespace Coordinator.PlantedBugs.Host;

/// <summary>What a host is asked to run; a line of JSON on its standard input.</summary>
/// <param name="Assembly">The tests' assembly, or a program's, in its own output folder.</param>
/// <param name="Replacement">An assembly of the product that is loaded instead of the one in that folder.</param>
/// <param name="Tests">Parts of full names of the tests to run; null: the program is run.</param>
/// <param name="Arguments">The program's.</param>
public sealed record Job(string Assembly, string Replacement, IReadOnlyList<string>? Tests, IReadOnlyList<string>? Arguments);

/// <summary>What came of it; a line of JSON on the host's standard output.</summary>
/// <param name="Tests">How each test ended; null if a program was run.</param>
/// <param name="Output">What the program wrote.</param>
/// <param name="ExitCode">The program's.</param>
/// <param name="Failure">Why it could not be run, or broke off; null if it was.</param>
public sealed record JobResult(
    IReadOnlyList<TestResult>? Tests = null, IReadOnlyList<string>? Output = null, int ExitCode = 0, string? Failure = null);

/// <summary>One test of a run.</summary>
/// <param name="Name">Its display name, which begins with its full name.</param>
/// <param name="Outcome">Passed, Failed or Skipped.</param>
/// <param name="Message">Why it failed or was skipped.</param>
/// <param name="EndedAfter">Seconds since the job began.</param>
public sealed record TestResult(string Name, string Outcome, string Message, double EndedAfter);
