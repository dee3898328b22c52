using System.Data;
using System.Globalization;

namespace Coordinator.Participant;

/// <summary>Every limit of a participant, with its default.</summary>
public sealed class ParticipantOptions
{
    /// <summary>This process in branch names: 8 to 16 characters of [a-z0-9], new at each process start; null: random.</summary>
    public string? Instance { get; set; }

    /// <summary>Where other processes reach this one's SQL service; null: it has none.</summary>
    public Uri? SqlAddress { get; set; }

    /// <summary>How long a statement may wait for a lock (5 s).</summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The isolation level of branches; null: the database's default.</summary>
    public IsolationLevel? IsolationLevel { get; set; }

    /// <summary>How many branches this process holds at once; null: nine tenths of what the database can hold.</summary>
    public int? MaxOpenBranches { get; set; }

    /// <summary>How many answers about finished branches are kept for duplicates (10,000).</summary>
    public int MaxStoredAnswers { get; set; } = 10_000;

    /// <summary>How long a rollback waits for a running statement to stop before it ends the session from outside (2 s).</summary>
    public TimeSpan EndWorkGrace { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a shutdown waits for open branches (5 s).</summary>
    public TimeSpan DrainLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an enlistment waits for the coordinator (10 s).</summary>
    public TimeSpan EnlistTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long attaching waits for the coordinator's first answer, and a dial for a connection (10 s).</summary>
    public TimeSpan RegisterTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The first pause before attaching again (200 ms); it doubles, with jitter.</summary>
    public TimeSpan ReconnectDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause before attaching again (10 s).</summary>
    public TimeSpan MaxReconnectDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The pause after a refusal that somebody must act upon (30 s).</summary>
    public TimeSpan RefusedDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the database is asked whether its server was restarted (5 s).</summary>
    public TimeSpan ResourcePollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often sessions of prepared branches that another process finished are let go (30 s).</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often proofs of old outcomes are trimmed (10 min).</summary>
    public TimeSpan TrimInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How old proofs must be to be trimmed (8 days): longer than the coordinator's retention.</summary>
    public TimeSpan ProofRetention { get; set; } = TimeSpan.FromDays(8);

    /// <summary>How many messages to the coordinator may wait to be sent (10,000).</summary>
    public int MaxQueuedMessages { get; set; } = 10_000;

    /// <summary>How many messages go into one frame (256).</summary>
    public int MaxMessagesPerFrame { get; set; } = 256;

    /// <summary>How many commands may run at once (2,000); more are answered as not done.</summary>
    public int MaxRunningCommands { get; set; } = 2_000;

    /// <summary>The largest gRPC message to send or receive, in bytes (4 MiB).</summary>
    public int MaxMessageBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>The longest statement that the SQL service takes, in bytes of UTF-8 (1 MiB).</summary>
    public int MaxSqlBytes { get; set; } = 1024 * 1024;

    /// <summary>How many parameters a statement may have (32,767).</summary>
    public int MaxParameters { get; set; } = short.MaxValue;

    /// <summary>How many rows go into one message (500).</summary>
    public int MaxRowsPerBatch { get; set; } = 500;

    /// <summary>About how many bytes of rows go into one message (64 KiB).</summary>
    public int MaxBatchBytes { get; set; } = 64 * 1024;

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One is out of range; the message names it.</exception>
    public void Validate()
    {
        if (Instance is { } instance && !BranchName.IsInstance(instance))
            throw new ArgumentException($"{nameof(Instance)} must be 8 to 16 characters of [a-z0-9].");
        foreach (var (name, value) in Durations())
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(40))
                throw new ArgumentException($"{name} must be above zero and at most 40 days.");
        }

        foreach (var (name, value) in Counts())
        {
            if (value < 1)
                throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{name} must be at least 1, not {value}."));
        }
    }

    private IEnumerable<(string Name, TimeSpan Value)> Durations() =>
    [
        (nameof(LockTimeout), LockTimeout), (nameof(EndWorkGrace), EndWorkGrace), (nameof(DrainLimit), DrainLimit),
        (nameof(EnlistTimeout), EnlistTimeout), (nameof(RegisterTimeout), RegisterTimeout),
        (nameof(ReconnectDelay), ReconnectDelay), (nameof(MaxReconnectDelay), MaxReconnectDelay),
        (nameof(RefusedDelay), RefusedDelay), (nameof(ResourcePollInterval), ResourcePollInterval),
        (nameof(SweepInterval), SweepInterval), (nameof(TrimInterval), TrimInterval), (nameof(ProofRetention), ProofRetention),
    ];

    private IEnumerable<(string Name, int Value)> Counts() =>
    [
        (nameof(MaxOpenBranches), MaxOpenBranches ?? 1), (nameof(MaxStoredAnswers), MaxStoredAnswers),
        (nameof(MaxQueuedMessages), MaxQueuedMessages), (nameof(MaxMessagesPerFrame), MaxMessagesPerFrame),
        (nameof(MaxRunningCommands), MaxRunningCommands), (nameof(MaxMessageBytes), MaxMessageBytes),
        (nameof(MaxSqlBytes), MaxSqlBytes), (nameof(MaxParameters), MaxParameters),
        (nameof(MaxRowsPerBatch), MaxRowsPerBatch), (nameof(MaxBatchBytes), MaxBatchBytes),
    ];
}
