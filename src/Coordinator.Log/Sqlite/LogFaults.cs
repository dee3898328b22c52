namespace Coordinator.Log;

/// <summary>Where a test may make a write fail or the process stop, and how large the file may grow.</summary>
internal interface ILogFaults
{
    /// <summary>The largest number of pages of the log's file; null for SQLite's own limit.</summary>
    int? MaxPages { get; }

    /// <summary>Called at each step; an exception thrown here stands for that step's failure.</summary>
    void At(LogStep step);
}

/// <summary>The steps at which a write can fail.</summary>
internal enum LogStep
{
    BeforeCommit,
    AfterCommit,
    BeforeMark,
    BeforeMarkForced,
    BeforeCheckpoint,
    TrimHorizonDurable,
    RewriteBegun,
    RewriteComplete,
    ReplacementNamed,
    OldWalRemoved,
    Replaced,
}
