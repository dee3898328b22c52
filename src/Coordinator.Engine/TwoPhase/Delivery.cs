using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Coordinator.Engine;

/// <summary>
/// Phase 2 for one branch: sends the command again and again until the branch is proven finished, or proven to have
/// ended otherwise (heuristic). Each branch retries by itself, so a slow one never holds up another (R11). No
/// cancellation of a client reaches it (R12); only the end of the process does.
/// </summary>
internal sealed class Delivery
{
    private readonly ParticipantRegistry _registry;
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;
    private readonly ResiliencePipeline<BranchReport?> _retry;

    private static readonly ResiliencePropertyKey<Branch> BranchKey = new("branch");

    public Delivery(
        ParticipantRegistry registry, EngineOptions options, TimeProvider time, IIdSource ids, ILogger logger, CancellationToken stopping)
    {
        _registry = registry;
        _options = options;
        _time = time;
        _logger = logger;
        _stopping = stopping;
        _retry = BuildRetry(ids);
    }

    /// <summary>Commits a branch of a decided transaction; ends with Committed, RolledBack (mixed), Unknown (hazard), or null if the participant was removed.</summary>
    public Task<BranchReport?> CommitAsync(GlobalTransaction transaction, Branch branch) =>
        SendAsync("commit branch", transaction, branch, mayGiveUp: false,
            (participant, cancellation) => participant.CommitAsync(branch.Id, branch.Evidence, cancellation));

    /// <summary>
    /// Rolls a branch back. With nobody attached it is left to the scan that every attachment starts: presumed abort
    /// needs no record, and the transaction is live no more. Then null.
    /// </summary>
    public Task<BranchReport?> RollbackIfAttachedAsync(GlobalTransaction transaction, Branch branch) =>
        SendAsync("rollback branch", transaction, branch, mayGiveUp: true,
            (participant, cancellation) => participant.RollbackAsync(branch.Id, branch.Evidence, cancellation));

    /// <summary>Rolls back a branch whose transaction's abort is on record; null if the participant was removed.</summary>
    public Task<BranchReport?> RollbackAsync(GlobalTransaction transaction, Branch branch) =>
        SendAsync("rollback branch", transaction, branch, mayGiveUp: false,
            (participant, cancellation) => participant.RollbackAsync(branch.Id, branch.Evidence, cancellation));

    /// <summary>
    /// Asks how a one-phase commit ended until there is an answer. <see cref="BranchOutcome.Unknown"/> is one only from
    /// the instance that was told to commit, or once that has been away for <see cref="EngineOptions.OnePhaseGrace"/>.
    /// </summary>
    public Task<BranchReport?> FindOutcomeAsync(GlobalTransaction transaction, Branch branch)
    {
        var asked = _time.GetTimestamp();
        return SendAsync("find outcome", transaction, branch, mayGiveUp: false, async (participant, cancellation) =>
        {
            var report = await participant.FindOutcomeAsync(branch.Id, branch.Evidence, cancellation);
            var isHolder = participant.Instance == branch.Id.Branch.Instance;
            return report.Outcome == BranchOutcome.Unknown && !isHolder && _time.GetElapsedTime(asked) < _options.OnePhaseGrace
                ? report with { Outcome = BranchOutcome.Active }
                : report;
        });
    }

    /// <summary>Sends one command once, with the limit that every command has.</summary>
    public async Task<T> SendOnceAsync<T>(Func<CancellationToken, Task<T>> command, TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping);
        try
        {
            return await command(both.Token).WaitAsync(both.Token);
        }
        catch (OperationCanceledException exception) when (!_stopping.IsCancellationRequested)
        {
            throw new ParticipantUnavailableException($"No answer within {limit}.", exception);
        }
    }

    private async Task<BranchReport?> SendAsync(
        string name,
        GlobalTransaction transaction,
        Branch branch,
        bool mayGiveUp,
        Func<IParticipant, CancellationToken, Task<BranchReport>> command)
    {
        using var span = EngineTracing.StartCommand(name, branch);
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, _stopping);
        context.Properties.Set(BranchKey, branch);
        try
        {
            var report = await _retry.ExecuteAsync(
                async _ => await TryOnceAsync(span, transaction, branch, mayGiveUp, command), context);
            span?.SetTag(SpanTags.Outcome, report?.Outcome.ToString() ?? "LeftToScan");
            return report;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async ValueTask<BranchReport?> TryOnceAsync(
        Activity? span,
        GlobalTransaction transaction,
        Branch branch,
        bool mayGiveUp,
        Func<IParticipant, CancellationToken, Task<BranchReport>> command)
    {
        branch.NextAttemptAt = null;
        IParticipant? participant;
        ParticipantEntry? entry;
        while (!_registry.TryGet(branch.Id.Branch.Participant, out entry)
            || (participant = entry.Prefer(branch.Id.Branch.Instance)) is null)
        {
            if (mayGiveUp || entry is null || entry.IsRemoved)
                return null;
            await entry.WhenAttached().OnCallersScheduler().WaitAsync(_stopping);
        }

        // A participant that comes back to a hundred thousand decisions is told them at a pace that its stream can take.
        await entry.InFlight.WaitAsync(_stopping);
        try
        {
            span.SetDatabase(participant);
            var report = await SendOnceAsync(cancellation => command(participant, cancellation), _options.CommandTimeout);
            if (IsFinal(report))
                return report;
            transaction.CountAttempt(branch, report.Detail ?? report.Outcome.ToString());
            span.Retry(report.Outcome.ToString());
            if (report.NeedsOperator)
                Log.DeliveryNeedsOperator(_logger, branch.Id, report.Detail ?? "no detail");
            else
                Log.DeliveryRetried(_logger, branch.Id, report.Detail ?? "no detail");
            return report;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Whatever a participant throws, the decision stands and is told again.
            transaction.CountAttempt(branch, exception.Message);
            span.Retry(exception.GetType().FullName!);
            Log.DeliveryRetried(_logger, branch.Id, exception.Message);
            throw;
        }
        finally
        {
            entry.InFlight.Release();
        }
    }

    private ResiliencePipeline<BranchReport?> BuildRetry(IIdSource ids) =>
        new ResiliencePipelineBuilder<BranchReport?> { TimeProvider = _time }
            .AddRetry(new RetryStrategyOptions<BranchReport?>
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = _options.RetryDelay,
                MaxDelay = _options.MaxRetryDelay,
                Randomizer = () => (ids.NextRandom() >> 11) * (1.0 / (1UL << 53)),
                OnRetry = retry =>
                {
                    if (retry.Context.Properties.TryGetValue(BranchKey, out var branch))
                        branch.NextAttemptAt = _time.GetUtcNow() + retry.RetryDelay;
                    return default;
                },
                ShouldHandle = new PredicateBuilder<BranchReport?>()
                    .Handle<Exception>(exception => exception is not OperationCanceledException)
                    .HandleResult(report => report is not null && !IsFinal(report)),
            })
            .Build();

    private static bool IsFinal(BranchReport report) =>
        report.Outcome is BranchOutcome.Committed or BranchOutcome.RolledBack or BranchOutcome.Unknown;
}
