namespace Coordinator.Cli;

/// <summary>What the process ends with. Scripts depend on these: they never change.</summary>
public static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The coordinator refused, the operator said no, a log is damaged, or something failed that trying again does not mend.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong; nothing was sent.</summary>
    public const int Usage = 2;

    /// <summary>The coordinator could not be reached, is not ready, or did not answer in time; or a log is in use.</summary>
    public const int Unavailable = 3;

    /// <summary><c>in-doubt --fail-if-any</c> found something.</summary>
    public const int Found = 4;

    /// <summary>Interrupted with Ctrl-C.</summary>
    public const int Interrupted = 130;
}
