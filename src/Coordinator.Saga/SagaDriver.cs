using System.Collections.Concurrent;
using Polly;
using Polly.Retry;

namespace Coordinator.Saga;

/// <summary>
/// Drives sagas through their steps, durably:
/// 1. force the begin, BEFORE the first step: what a crash leaves half done is then known;
/// 2. do the steps in order; progress is logged without force, for a step asked again is answered by its key row;
/// 3. all done: remove the saga. It is completed.
/// 4. a step is refused, or stays without an answer: force the turning back, BEFORE the first compensation, so that no
///    later start goes forward again;
/// 5. undo the steps in reverse order, the one without an answer included, whose key row tells whether there is anything
///    to undo, and keeps it from happening later;
/// 6. all undone: remove the saga. It is compensated. A compensation that keeps failing leaves it stuck, in the log.
/// </summary>
public sealed class SagaDriver
{
    private readonly ISagaLog _log;
    private readonly Dictionary<string, SagaDefinition> _definitions;
    private readonly IReadOnlyDictionary<string, ISagaParticipant> _participants;
    private readonly SagaOptions _options;
    private readonly ResiliencePipeline _steps, _compensations;
    private readonly ConcurrentDictionary<string, byte> _running = new();

    /// <summary>Makes a driver; nothing runs before <see cref="ResumeAsync"/> or <see cref="RunAsync"/>.</summary>
    /// <param name="log">Its own: no other driver writes to it.</param>
    /// <param name="definitions">Every definition that the log may name.</param>
    /// <param name="participants">By name.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException">A definition has no steps or an unknown participant, or an option is out of range.</exception>
    public SagaDriver(
        ISagaLog log,
        IEnumerable<SagaDefinition> definitions,
        IReadOnlyDictionary<string, ISagaParticipant> participants,
        SagaOptions? options = null)
    {
        _log = log;
        _participants = participants;
        _options = options ?? new SagaOptions();
        _options.Validate();
        _definitions = definitions.ToDictionary(definition => definition.Name);
        foreach (var definition in _definitions.Values)
        {
            if (definition.Steps.Count == 0)
                throw new ArgumentException($"Saga {definition.Name} has no steps.", nameof(definitions));
            if (definition.Steps.FirstOrDefault(step => !participants.ContainsKey(step.Participant)) is { } lost)
                throw new ArgumentException($"Saga {definition.Name}: no participant {lost.Participant}.", nameof(definitions));
        }

        _steps = Retries(_options.StepAttempts);
        _compensations = Retries(_options.CompensationAttempts);
    }

    /// <summary>Runs a new saga to its end.</summary>
    /// <param name="definition">The name of its definition.</param>
    /// <param name="id">1 to 100 characters, never used before.</param>
    /// <param name="input">Passed to each step.</param>
    /// <param name="cancellationToken">Stops driving it: it stays in the log as it stands, and goes on at the next start.</param>
    /// <exception cref="SagaLogException">Unknown how it stands; the log has to be opened anew.</exception>
    public async Task<SagaResult> RunAsync(string definition, string id, string input, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id.Length, 100, nameof(id));
        var progress = new SagaProgress(id, Definition(definition).Name, input, SagaState.Forward, Next: 0, Reason: null);
        if (!_running.TryAdd(id, 0))
            throw new ArgumentException($"Saga {id} is running.", nameof(id));
        try
        {
            await _log.WriteAsync(progress, force: true).ConfigureAwait(false);
            return await DriveAsync(progress, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _running.TryRemove(id, out _);
        }
    }

    /// <summary>
    /// Takes up every saga that the log holds and that is not being driven, stuck ones too: at start, and when whatever
    /// made one stuck has been put right. Ends when they have.
    /// </summary>
    /// <exception cref="InvalidOperationException">The log names a definition that this driver lacks; nothing was done.</exception>
    public async Task<IReadOnlyList<SagaResult>> ResumeAsync(CancellationToken cancellationToken = default)
    {
        var found = await _log.ReadAllAsync().ConfigureAwait(false);
        foreach (var saga in found)
            _ = Definition(saga.Definition);
        return await Task.WhenAll(found.Where(saga => _running.TryAdd(saga.Id, 0)).Select(ResumeOneAsync)).ConfigureAwait(false);

        async Task<SagaResult> ResumeOneAsync(SagaProgress saga)
        {
            try
            {
                return await DriveAsync(saga with { State = saga.State == SagaState.Stuck ? SagaState.Back : saga.State }, cancellationToken)
                    .ConfigureAwait(false);
            }
            finally
            {
                _running.TryRemove(saga.Id, out _);
            }
        }
    }

    private async Task<SagaResult> DriveAsync(SagaProgress saga, CancellationToken cancellationToken)
    {
        var steps = Definition(saga.Definition).Steps;
        if (saga.State == SagaState.Forward)
            saga = await GoForwardAsync(saga, steps, cancellationToken).ConfigureAwait(false);
        if (saga.State == SagaState.Back)
            saga = await GoBackAsync(saga, steps, cancellationToken).ConfigureAwait(false);
        if (saga.State == SagaState.Stuck)
            return new SagaResult(saga.Id, SagaOutcome.Stuck, saga.Reason);
        // Steps 3 and 6.
        await _log.RemoveAsync(saga.Id).ConfigureAwait(false);
        return new SagaResult(saga.Id, saga.Reason is null ? SagaOutcome.Completed : SagaOutcome.Compensated, saga.Reason);
    }

    // Step 2, and 4 if it comes to that.
    private async Task<SagaProgress> GoForwardAsync(SagaProgress saga, IReadOnlyList<SagaStep> steps, CancellationToken cancellationToken)
    {
        for (var index = saga.Next; index < steps.Count; index++)
        {
            await ReachAsync(saga, StepDirection.Action, index).ConfigureAwait(false);
            var (refusal, mayHaveHappened) = await DoAsync(saga, steps[index], index, cancellationToken).ConfigureAwait(false);
            if (refusal is not null)
            {
                saga = saga with { State = SagaState.Back, Next = mayHaveHappened ? index : index - 1, Reason = $"{steps[index].Name}: {refusal}" };
                await _log.WriteAsync(saga, force: true).ConfigureAwait(false);
                return saga;
            }

            saga = saga with { Next = index + 1 };
            if (saga.Next < steps.Count)
                await _log.WriteAsync(saga, force: false).ConfigureAwait(false);
        }

        await ReachAsync(saga, StepDirection.Action, steps.Count).ConfigureAwait(false);
        return saga;
    }

    private async Task<(string? Refusal, bool MayHaveHappened)> DoAsync(
        SagaProgress saga, SagaStep step, int index, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await AskAsync(_steps, saga, step, index, StepDirection.Action, cancellationToken).ConfigureAwait(false);
            return (answer.Refusal, false);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            return ($"no answer: {failure.Message}", true);
        }
    }

    // Steps 5 and 6.
    private async Task<SagaProgress> GoBackAsync(SagaProgress saga, IReadOnlyList<SagaStep> steps, CancellationToken cancellationToken)
    {
        for (var index = saga.Next; index >= 0; index--)
        {
            await ReachAsync(saga, StepDirection.Compensation, index).ConfigureAwait(false);
            if (steps[index].HasCompensation && await UndoAsync(saga, steps[index], index, cancellationToken).ConfigureAwait(false) is { } failure)
            {
                saga = saga with { State = SagaState.Stuck, Next = index, Reason = $"{saga.Reason}; compensation of {steps[index].Name}: {failure}" };
                await _log.WriteAsync(saga, force: true).ConfigureAwait(false);
                return saga;
            }

            saga = saga with { Next = index - 1 };
            await _log.WriteAsync(saga, force: false).ConfigureAwait(false);
        }

        await ReachAsync(saga, StepDirection.Compensation, -1).ConfigureAwait(false);
        return saga;
    }

    private async Task<string?> UndoAsync(SagaProgress saga, SagaStep step, int index, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await AskAsync(_compensations, saga, step, index, StepDirection.Compensation, cancellationToken).ConfigureAwait(false);
            return answer.Refusal;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            return failure.Message;
        }
    }

    private async Task<StepAnswer> AskAsync(
        ResiliencePipeline retries, SagaProgress saga, SagaStep step, int index, StepDirection direction, CancellationToken cancellationToken)
    {
        var command = new StepCommand(saga.Id, index, step.Name, direction, saga.Input);
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(CommandKey, command);
        try
        {
            return await retries.ExecuteAsync(
                async attempt =>
                {
                    using var limit = new CancellationTokenSource(_options.CommandTimeout, _options.TimeProvider);
                    using var either = CancellationTokenSource.CreateLinkedTokenSource(attempt.CancellationToken, limit.Token);
                    return await _participants[step.Participant].ExecuteAsync(command, either.Token).ConfigureAwait(false);
                },
                context).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static readonly ResiliencePropertyKey<StepCommand> CommandKey = new("command");

    // Whatever is thrown is unknown, and asking again is safe; only the caller's own stop ends it.
    private ResiliencePipeline Retries(int attempts) => attempts == 1
        ? ResiliencePipeline.Empty
        : new ResiliencePipelineBuilder { TimeProvider = _options.TimeProvider }.AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = attempts - 1,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = _options.RetryDelay,
            MaxDelay = _options.MaxRetryDelay,
            ShouldHandle = arguments => ValueTask.FromResult(
                arguments.Outcome.Exception is not null && !arguments.Context.CancellationToken.IsCancellationRequested),
            OnRetry = arguments =>
            {
                _options.OnRetry?.Invoke(arguments.Context.Properties.GetValue(CommandKey, null!), arguments.Outcome.Exception!);
                return ValueTask.CompletedTask;
            },
        }).Build();

    private Task ReachAsync(SagaProgress saga, StepDirection direction, int index) =>
        _options.AtPoint?.Invoke(new SagaPoint(saga.Id, direction, index)) ?? Task.CompletedTask;

    private SagaDefinition Definition(string name) => _definitions.TryGetValue(name, out var definition)
        ? definition
        : throw new InvalidOperationException($"There is no saga definition {name}.");
}
