using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Engine;

/// <summary>
/// Which database each participant's name stands for (durable), and which instances are attached now. A name belongs to
/// the database's own identity, not to an address.
/// </summary>
internal sealed class ParticipantRegistry(EngineOptions options)
{
    private readonly ConcurrentDictionary<string, ParticipantEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>In the order of their names.</summary>
    public IEnumerable<ParticipantEntry> Entries => _entries.Values.OrderBy(entry => entry.Record.Name, StringComparer.Ordinal);

    public int Count => _entries.Count;

    public bool IsRegistered(string name) => _entries.ContainsKey(name);

    public bool TryGet(string name, [NotNullWhen(true)] out ParticipantEntry? entry) => _entries.TryGetValue(name, out entry);

    public ParticipantEntry Register(ParticipantRecord record) =>
        _entries.GetOrAdd(record.Name, _ => new ParticipantEntry(record, options.MaxCommandsInFlight));

    public void Remove(string name)
    {
        if (_entries.TryRemove(name, out var entry))
            entry.Abandon();
    }

    /// <summary>An attached instance to finish a branch with: the one that prepared it if it is there, else any.</summary>
    public IParticipant? Find(BranchName branch) =>
        _entries.TryGetValue(branch.Participant, out var entry) ? entry.Prefer(branch.Instance) : null;

    /// <summary>The very instance that holds a branch's session.</summary>
    public IParticipant? FindHolder(BranchName branch) =>
        _entries.TryGetValue(branch.Participant, out var entry) ? entry.Holder(branch.Instance) : null;
}

/// <summary>One registered participant.</summary>
internal sealed class ParticipantEntry(ParticipantRecord record, int maxCommandsInFlight)
{
    private readonly Lock _gate = new();
    private readonly List<AttachedInstance> _attached = [];
    private TaskCompletionSource _whenAttached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _openBranches;
    private int _undelivered;
    private bool _isClosed;

    public ParticipantRecord Record { get; } = record;

    /// <summary>Held by each command of phase 2 and of recovery while it is under way.</summary>
    public SemaphoreSlim InFlight { get; } = new(maxCommandsInFlight);

    /// <summary>What the last scan that did not fail found; null before the first since the start.</summary>
    public LastScan? LastScan { get; set; }

    public string? LastScanError { get; set; }

    public int OpenBranches => Volatile.Read(ref _openBranches);

    public int Undelivered => Volatile.Read(ref _undelivered);

    public bool IsRemoved { get; private set; }

    /// <summary>The last scan that was started at an interval.</summary>
    public Task PeriodicScan { get; set; } = Task.CompletedTask;

    public IReadOnlyList<AttachedInstance> Attached
    {
        get
        {
            lock (_gate)
                return [.. _attached];
        }
    }

    /// <summary>The instance that attached last; null if none is attached.</summary>
    public IParticipant? Newest
    {
        get
        {
            lock (_gate)
                return _attached.Count > 0 ? _attached[^1].Participant : null;
        }
    }

    /// <summary>Ends when an instance is attached, or the participant was removed for good.</summary>
    public Task WhenAttached()
    {
        lock (_gate)
            return _whenAttached.Task;
    }

    /// <summary>Attaches an instance; a stream of the same instance that has not been noticed to be dead is replaced.</summary>
    /// <returns>False if there are too many.</returns>
    public bool Attach(AttachedInstance instance, int limit)
    {
        lock (_gate)
        {
            _attached.RemoveAll(other => other.Participant.Instance == instance.Participant.Instance);
            if (_isClosed || _attached.Count >= limit)
                return false;
            _attached.Add(instance);
            _whenAttached.TrySetResult();
            return true;
        }
    }

    /// <summary>Detaches exactly this attachment, not a newer one of the same instance.</summary>
    public void Detach(IParticipant participant)
    {
        lock (_gate)
        {
            _attached.RemoveAll(other => ReferenceEquals(other.Participant, participant));
            if (_attached.Count == 0 && _whenAttached.Task.IsCompleted && !IsRemoved)
                _whenAttached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Lets nobody attach any more, if nobody is attached.</summary>
    public bool TryClose()
    {
        lock (_gate)
            return _isClosed = _attached.Count == 0;
    }

    public void Abandon()
    {
        lock (_gate)
        {
            IsRemoved = true;
            _whenAttached.TrySetResult();
        }
    }

    public IParticipant? Holder(string instance)
    {
        lock (_gate)
            return _attached.Find(other => other.Participant.Instance == instance)?.Participant;
    }

    public IParticipant? Prefer(string instance)
    {
        lock (_gate)
        {
            return _attached.Find(other => other.Participant.Instance == instance)?.Participant
                ?? (_attached.Count > 0 ? _attached[^1].Participant : null);
        }
    }

    /// <summary>How many branches its database can hold at once: the smallest that an attached instance told.</summary>
    public int MaxBranches()
    {
        lock (_gate)
            return _attached.Count == 0 ? int.MaxValue : _attached.Min(other => other.Participant.Resource.MaxBranches);
    }

    /// <summary>Takes a slot for a branch, or refuses BEFORE the database runs out of them.</summary>
    public bool TryTakeSlot()
    {
        if (Interlocked.Increment(ref _openBranches) <= MaxBranches())
            return true;
        Interlocked.Decrement(ref _openBranches);
        return false;
    }

    public void TakeSlot() => Interlocked.Increment(ref _openBranches);

    public void ReturnSlot() => Interlocked.Decrement(ref _openBranches);

    public void AddUndelivered(int count) => Interlocked.Add(ref _undelivered, count);
}

/// <summary>One attached process of a participant.</summary>
internal sealed record AttachedInstance(IParticipant Participant, DateTimeOffset AttachedAt);
