using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>
/// Attaches participants: the name's database is checked, a log that lost records is noticed BEFORE anything of that
/// database is presumed aborted (R7), and the database is scanned at once (R6).
/// </summary>
internal sealed class Attachments(
    LogKeeper log,
    ITransactionLog rawLog,
    ParticipantRegistry registry,
    LogLineage lineage,
    Recoverer recoverer,
    EngineOptions options,
    TimeProvider time,
    ILogger logger) : IDisposable
{
    private readonly SemaphoreSlim _registering = new(1, 1);

    /// <summary>When every database is scanned next; null before the first interval has begun.</summary>
    public DateTimeOffset? NextScanAt { get; set; }

    /// <summary>Attaches an instance. Its first scan has been started, not awaited.</summary>
    /// <exception cref="RefusedException">The name stands for another database, or a limit is reached.</exception>
    public async Task AttachAsync(IParticipant participant)
    {
        var entry = await RegisterAsync(participant);
        await NoticeLostRecordsAsync(participant);
        if (!entry.Attach(new AttachedInstance(participant, time.GetUtcNow()), options.MaxInstancesPerParticipant))
        {
            throw new RefusedException(
                RefusalKind.ResourceExhausted, Reasons.Overloaded,
                $"Participant {participant.Name} has {options.MaxInstancesPerParticipant} instances attached, the limit "
                + $"{nameof(EngineOptions.MaxInstancesPerParticipant)}.");
        }

        Log.Attached(logger, participant.Name, participant.Instance, participant.Resource.Identity);
        _ = recoverer.RecoverAsync(entry, participant);
    }

    public void Dispose() => _registering.Dispose();

    public bool IsAttached(IParticipant participant) =>
        registry.TryGet(participant.Name, out var entry) && ReferenceEquals(entry.Holder(participant.Instance), participant);

    public void Detach(IParticipant participant)
    {
        if (registry.TryGet(participant.Name, out var entry))
            entry.Detach(participant);
        Log.Detached(logger, participant.Name, participant.Instance);
    }

    /// <summary>Scans one participant's database again: its server was restarted.</summary>
    public Task ScanAsync(IParticipant participant) => registry.TryGet(participant.Name, out var entry)
        ? recoverer.RecoverAsync(entry, participant)
        : Task.CompletedTask;

    /// <summary>Starts a scan of every participant's database, each by itself: one that hangs delays no other (R11).</summary>
    public void StartScans()
    {
        foreach (var entry in registry.Entries)
        {
            if (entry.PeriodicScan.IsCompleted && entry.Newest is { } participant)
                entry.PeriodicScan = recoverer.RecoverAsync(entry, participant);
        }
    }

    /// <summary>Removes a participant that never comes back.</summary>
    /// <returns>How many undelivered branches became hazards.</returns>
    /// <exception cref="RefusedException">It is not registered, or attached.</exception>
    public async Task<int> RemoveAsync(string name, string reason)
    {
        // Nobody attaches between the look and the record.
        await _registering.WaitAsync();
        try
        {
            if (!registry.TryGet(name, out var entry))
                throw new RefusedException(RefusalKind.NotFound, Reasons.ParticipantNotFound, $"No participant {name} is registered.");
            if (!entry.TryClose())
            {
                throw new RefusedException(
                    RefusalKind.FailedPrecondition, Reasons.WrongState,
                    $"Participant {name} is attached ({entry.Attached.Count} instances); stop it first.");
            }

            var abandoned = entry.Undelivered;
            await log.AppendAsync(new ParticipantRemovedRecord(name, reason, time.GetUtcNow()), Durability.Forced);
            registry.Remove(name);
            Log.ParticipantRemoved(logger, name, reason);
            return abandoned;
        }
        finally
        {
            _registering.Release();
        }
    }

    private async Task<ParticipantEntry> RegisterAsync(IParticipant participant)
    {
        // A known participant waits for nobody: not for a new one whose record the log does not take.
        if (registry.TryGet(participant.Name, out var registered))
            return Check(registered, participant);
        await _registering.WaitAsync();
        try
        {
            if (registry.TryGet(participant.Name, out var known))
                return Check(known, participant);
            if (registry.Count >= options.MaxParticipants)
            {
                throw new RefusedException(
                    RefusalKind.ResourceExhausted, Reasons.Overloaded,
                    $"{registry.Count} participants are registered, the limit {nameof(EngineOptions.MaxParticipants)}.");
            }

            var record = new ParticipantRecord(participant.Name, participant.Resource.Identity, time.GetUtcNow());
            await log.AppendAsync(record, Durability.Forced);
            return registry.Register(record);
        }
        finally
        {
            _registering.Release();
        }
    }

    private static ParticipantEntry Check(ParticipantEntry known, IParticipant participant)
    {
        if (known.Record.Resource == participant.Resource.Identity)
            return known;
        throw new RefusedException(
            RefusalKind.FailedPrecondition, Reasons.ParticipantIdentityConflict,
            $"Participant {participant.Name} stands for database {known.Record.Resource}, not for "
            + $"{participant.Resource.Identity}. Attach the new database under another name, or, if the old one never "
            + $"comes back, run: coordctl participants remove {participant.Name} --reason …");
    }

    private async Task NoticeLostRecordsAsync(IParticipant participant)
    {
        var lacking = participant.Resource.Marks.FirstOrDefault(mark => lineage.LacksWhat(mark, rawLog.DurableEnd));
        if (lacking is null || lineage.IsCovered(lacking))
            return;
        var upTo = lineage.Quarantine(lacking);
        var reason = $"Participant {participant.Name} remembers epoch {lacking.Epoch}, position {lacking.Position}, which this log does not have.";
        await log.AppendAsync(new RestoredRecord(upTo, reason, time.GetUtcNow()), Durability.Forced);
        Log.LogLacksRecords(logger, participant.Name, lacking.Epoch, lacking.Position, upTo);
    }
}
