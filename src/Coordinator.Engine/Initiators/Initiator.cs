namespace Coordinator.Engine;

/// <summary>
/// An application that hosts its participants: it prepares its branches itself and hands the decision over, with the
/// votes (unsolicited votes; the coordinator is the last agent, as in LU 6.2's sync point). Its ids are reserved in
/// blocks and live until they are decided, released, or it is fenced by <see cref="Dispose"/> (R3).
/// </summary>
public sealed class Initiator : IDisposable
{
    private readonly Initiating _initiating;
    private readonly Lock _gate = new();
    private readonly HashSet<TransactionId> _reserved = [];
    private readonly Dictionary<TransactionId, InitiatedDelivery> _deliveries = [];
    private bool _fenced;

    internal Initiator(string name, Initiating initiating)
    {
        Name = name;
        _initiating = initiating;
    }

    /// <summary>For people.</summary>
    public string Name { get; }

    /// <summary>Ids reserved and neither decided nor released.</summary>
    public int ReservedCount
    {
        get
        {
            lock (_gate)
                return _reserved.Count;
        }
    }

    /// <summary>Reserves ids for transactions that the initiator begins by itself.</summary>
    /// <exception cref="RefusedException">Not a positive number, draining, the log does not answer, or a limit is reached.</exception>
    public IReadOnlyList<TransactionId> Reserve(int count) => _initiating.Reserve(this, count);

    /// <summary>
    /// Decides a transaction whose branches all voted: commit, unless it can no longer be live. Idempotent. Ends when the
    /// decision is durable or the abort is certain; an id of another initiator, of a fenced one or of an earlier epoch is
    /// aborted unless a commit decision stands, since it can never get one any more (R3).
    /// </summary>
    /// <param name="id">A reserved id.</param>
    /// <param name="name">For people, at most 100 characters.</param>
    /// <param name="prepared">The branches that voted prepared, with the evidence of their votes. Read-only ones are over.</param>
    /// <exception cref="RefusedException">Bad arguments, or the log does not answer: ask again.</exception>
    public Task<TransactionView> DecideAsync(TransactionId id, string name, IReadOnlyList<DecidedBranch> prepared) =>
        _initiating.DecideAsync(this, id, name, prepared);

    /// <summary>
    /// The initiator has told its branches of a commit. Those in <paramref name="untold"/>, whose end is not proven, are
    /// told by the coordinator, as are all if this never comes.
    /// </summary>
    public void Acknowledge(TransactionId id, IReadOnlyCollection<BranchName> untold)
    {
        InitiatedDelivery? delivery;
        lock (_gate)
            _deliveries.Remove(id, out delivery);
        delivery?.Told.TrySetResult(untold);
    }

    /// <summary>Gives an id back for which no decision will be asked: what it may have prepared is presumed aborted.</summary>
    public void Release(TransactionId id) => TrySettle(id, () => { });

    /// <summary>
    /// Fences it: no id of its can be decided any more, and what it was told to tell its branches is told by the
    /// coordinator.
    /// </summary>
    public void Dispose()
    {
        List<InitiatedDelivery> untold;
        lock (_gate)
        {
            if (_fenced)
                return;
            _fenced = true;
            _reserved.Clear();
            untold = [.. _deliveries.Values];
            _deliveries.Clear();
        }

        foreach (var delivery in untold)
            delivery.Told.TrySetResult(delivery.Branches);
        _initiating.Remove(this);
    }

    internal bool IsReserved(TransactionId id)
    {
        lock (_gate)
            return _reserved.Contains(id);
    }

    internal void Add(IReadOnlyCollection<TransactionId> ids)
    {
        lock (_gate)
        {
            if (!_fenced)
                _reserved.UnionWith(ids);
        }
    }

    /// <summary>
    /// Takes an id out of the reserved ones; false if it is not one of them. What it becomes is done BEFORE it stops
    /// being reserved, so that a scan that looks meanwhile finds it live in one place or the other (R6).
    /// </summary>
    internal bool TrySettle(TransactionId id, Action become)
    {
        lock (_gate)
        {
            if (!_reserved.Contains(id))
                return false;
            become();
            return _reserved.Remove(id);
        }
    }

    /// <summary>Expects an acknowledgement; one that is fenced meanwhile gives none.</summary>
    internal void Expect(TransactionId id, InitiatedDelivery delivery)
    {
        lock (_gate)
        {
            if (!_fenced)
            {
                _deliveries[id] = delivery;
                return;
            }
        }

        delivery.Told.TrySetResult(delivery.Branches);
    }
}

/// <summary>A commit that its initiator tells the branches, until it says which of them it could not tell.</summary>
/// <param name="Branches">All of them.</param>
internal sealed record InitiatedDelivery(IReadOnlyCollection<BranchName> Branches)
{
    /// <summary>Set outside of every lock: what follows, the end of a transaction, runs where it is told.</summary>
    public TaskCompletionSource<IReadOnlyCollection<BranchName>> Told { get; } = new();
}
