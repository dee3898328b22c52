namespace Coordinator.Engine;

/// <summary>The initiators of this epoch that are not fenced.</summary>
internal sealed class InitiatorTable(EngineOptions options)
{
    private readonly Lock _gate = new();
    private Initiator[] _initiators = [];

    /// <summary>Whose reserved id it is; null if nobody's.</summary>
    public Initiator? FindHolder(TransactionId id) => _initiators.FirstOrDefault(initiator => initiator.IsReserved(id));

    /// <exception cref="RefusedException">There are as many as may be.</exception>
    public void Add(Initiator initiator)
    {
        lock (_gate)
        {
            if (_initiators.Length >= options.MaxInitiators)
            {
                throw new RefusedException(
                    RefusalKind.ResourceExhausted, Reasons.Overloaded,
                    $"{_initiators.Length} initiators are connected, the limit {nameof(EngineOptions.MaxInitiators)}.");
            }

            _initiators = [.. _initiators, initiator];
        }
    }

    public void Remove(Initiator initiator)
    {
        lock (_gate)
            _initiators = [.. _initiators.Where(other => other != initiator)];
    }
}
