using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>A record on its way to the disk.</summary>
internal sealed class PendingWrite
{
    private readonly TaskCompletionSource<DecisionRecord?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <exception cref="ArgumentException">The record is above a limit of the codec.</exception>
    public PendingWrite(LogRecord record, Durability durability)
    {
        Body = RecordCodec.Encode(record);
        Decision = record as DecisionRecord;
        IsEnd = record is EndRecord;
        IsForced = durability == Durability.Forced;
    }

    public byte[] Body { get; }

    /// <summary>Set for a decision, which is keyed by its transaction.</summary>
    public DecisionRecord? Decision { get; }

    public bool IsEnd { get; }

    public bool IsForced { get; }

    /// <summary>The decision that stands, once the batch is durable; this one unless another was first.</summary>
    public DecisionRecord? Standing { get; set; }

    public Task<DecisionRecord?> Done => _done.Task;

    public void Acknowledge() => _done.SetResult(Standing);

    public void Fail(Exception exception) => _done.SetException(exception);
}
