using System.Collections.Concurrent;
using Coordinator.Client;
using Coordinator.Engine;
using Coordinator.Initiation;
using Outcome = Coordinator.Contracts.V1.Outcome;

namespace Coordinator.Embedded;

/// <summary>The engine as last agent, by a method call.</summary>
internal sealed class EngineLastAgent(TransactionCoordinator engine, InitiatorOptions options, TimeProvider time) : ILastAgent
{
    private readonly Initiator _initiator = engine.OpenInitiator(options.Name);
    private readonly ConcurrentQueue<TransactionId> _ids = new();

    /// <inheritdoc/>
    public ValueTask<TransactionId> TakeIdAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            if (_ids.TryDequeue(out var id))
                return ValueTask.FromResult(id);
            try
            {
                foreach (var reserved in _initiator.Reserve(options.ReservedIds))
                    _ids.Enqueue(reserved);
            }
            catch (RefusedException refused)
            {
                throw new CoordinatorUnavailableException(refused.Reason, refused.Message, refused);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<LastAgentAnswer> DecideAsync(
        TransactionId transaction, string name, IReadOnlyList<PreparedBranchVote> prepared, TimeSpan wait)
    {
        List<DecidedBranch> votes = [.. prepared.Select(vote => new DecidedBranch(vote.Branch, vote.Evidence))];
        var asked = time.GetTimestamp();
        while (true)
        {
            var answer = await AskAsync(transaction, name, votes, wait - time.GetElapsedTime(asked));
            if (!answer.IsInDoubt || time.GetElapsedTime(asked) >= wait)
                return answer;
            await Task.Delay(options.RetryDelay, time);
        }
    }

    /// <inheritdoc/>
    public void Acknowledge(TransactionId transaction, IReadOnlyCollection<BranchName> untold) => _initiator.Acknowledge(transaction, untold);

    /// <inheritdoc/>
    public void Release(TransactionId transaction) => _initiator.Release(transaction);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _initiator.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<LastAgentAnswer> AskAsync(TransactionId transaction, string name, List<DecidedBranch> votes, TimeSpan left)
    {
        try
        {
            var view = await _initiator.DecideAsync(transaction, name, votes)
                .WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
            return new LastAgentAnswer((Outcome)view.Outcome, view.ReasonCode ?? "", view.Reason ?? "");
        }
        catch (TimeoutException)
        {
            return new LastAgentAnswer(Outcome.Unspecified, "", "the log does not answer");
        }
        catch (RefusedException refused) when (refused.Kind == RefusalKind.Unavailable)
        {
            return new LastAgentAnswer(Outcome.Unspecified, refused.Reason, refused.Message);
        }
    }
}
