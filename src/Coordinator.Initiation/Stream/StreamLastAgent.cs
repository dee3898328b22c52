using Coordinator.Client;
using Coordinator.Contracts.V1;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Initiation.Stream;

/// <summary>
/// The coordinator behind a stream that is opened again whenever it ends. A decision that was not answered is asked again
/// on the next stream: asking is idempotent, and an id of an earlier stream can then only be aborted or stand decided.
/// </summary>
internal sealed class StreamLastAgent : ILastAgent
{
    private readonly InitiatorService.InitiatorServiceClient _service;
    private readonly InitiatorOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _running;
    private volatile TaskCompletionSource<InitiatorStream> _opened = NewSignal();

    public StreamLastAgent(CallInvoker coordinator, InitiatorOptions options, TimeProvider time, ILogger logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _service = new InitiatorService.InitiatorServiceClient(coordinator);
        _running = RunAsync();
    }

    /// <inheritdoc/>
    public async ValueTask<TransactionId> TakeIdAsync(CancellationToken cancellationToken)
    {
        if (_opened.Task is { IsCompletedSuccessfully: true, Result: var open } && open.TryTakeId(out var ready) && ready.Id is { } id)
            return id;
        using var limit = new CancellationTokenSource(_options.OpenTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken, _closing.Token);
        try
        {
            return await WaitForIdAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CoordinatorUnavailableException("", $"No transaction id could be had within {_options.OpenTimeout}: the coordinator is not connected.");
        }
    }

    /// <inheritdoc/>
    public async Task<LastAgentAnswer> DecideAsync(
        TransactionId transaction, string name, IReadOnlyList<PreparedBranchVote> prepared, TimeSpan wait)
    {
        var decide = new Decide { TransactionId = transaction.Value, Name = name };
        (decide.Traceparent, decide.Tracestate) = TraceContext.Current(InitiationTracing.Source);
        decide.Prepared.AddRange(prepared.Select(vote => new PreparedVote { Branch = vote.Branch.ToString(), Evidence = vote.Evidence ?? "" }));
        using var limit = new CancellationTokenSource(wait, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _closing.Token);
        var last = new LastAgentAnswer(Outcome.Unspecified, "", "the coordinator is not connected");
        try
        {
            for (var delay = _options.RetryDelay; ; delay = delay * 2 < _options.MaxRetryDelay ? delay * 2 : _options.MaxRetryDelay)
            {
                last = await AskAsync(decide, either.Token);
                if (!last.IsInDoubt || last.ReasonCode == "MALFORMED")
                    return last;
                Log.NotDecided(_logger, transaction, last.Reason);
                await Task.Delay(delay, _time, either.Token);
            }
        }
        catch (OperationCanceledException)
        {
            return last with { Outcome = Outcome.Unspecified };
        }
    }

    /// <inheritdoc/>
    public void Acknowledge(TransactionId transaction, IReadOnlyCollection<BranchName> untold)
    {
        var told = new Told { TransactionId = transaction.Value };
        told.Untold.AddRange(untold.Select(branch => branch.ToString()));
        Send(new InitiatorMessage { Told = told });
    }

    /// <inheritdoc/>
    public void Release(TransactionId transaction) =>
        Send(new InitiatorMessage { Release = new ReleaseId { TransactionId = transaction.Value } });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _running;
        _closing.Dispose();
    }

    private async Task<TransactionId> WaitForIdAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var stream = await _opened.Task.OnCallersScheduler().WaitAsync(cancellationToken);
            if (stream.TryTakeId(out var taken))
                return taken.Id ?? throw new CoordinatorUnavailableException(taken.Refused!.RefusedReason, $"The coordinator reserves no ids: {taken.Refused.Message}");
            if (!await stream.WhenIdAsync(cancellationToken))
                await stream.WhenEnded.OnCallersScheduler().WaitAsync(cancellationToken);
        }
    }

    private async Task<LastAgentAnswer> AskAsync(Decide decide, CancellationToken cancellationToken)
    {
        var stream = await _opened.Task.OnCallersScheduler().WaitAsync(cancellationToken);
        try
        {
            var decided = await stream.DecideAsync(decide).WaitAsync(cancellationToken);
            return new LastAgentAnswer(decided.Outcome, decided.ReasonCode, decided.Reason);
        }
        catch (StreamEndedException ended)
        {
            return new LastAgentAnswer(Outcome.Unspecified, "", ended.Message);
        }
    }

    private void Send(InitiatorMessage message)
    {
        if (_opened.Task is { IsCompletedSuccessfully: true, Result: var stream })
            stream.Send(message);
    }

    private async Task RunAsync()
    {
        var delay = _options.RetryDelay;
        while (!_closing.IsCancellationRequested)
        {
            var stream = new InitiatorStream(_service.Initiate(), _options, _time);
            var wasOpened = false;
            var reason = "";
            try
            {
                await stream.RunAsync(
                    opened =>
                    {
                        Log.Connected(_logger, _options.Name, opened.Cluster, opened.Epoch);
                        wasOpened = true;
                        _opened.SetResult(stream);
                        stream.ReserveMore();
                    },
                    _closing.Token);
            }
            catch (Exception failure)
            {
                // The edge of the loop: whatever ended the stream, another one is opened.
                reason = failure is RpcException rpc ? rpc.Status.Detail : failure.Message;
            }

            // BEFORE those that wait for its end look for another one.
            if (wasOpened)
                _opened = NewSignal();
            stream.End();
            delay = wasOpened ? _options.RetryDelay : delay * 2 < _options.MaxRetryDelay ? delay * 2 : _options.MaxRetryDelay;
            if (_closing.IsCancellationRequested)
                break;
            Log.Disconnected(_logger, _options.Name, reason, delay);
            await Task.Delay(delay, _time, _closing.Token)
                .ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TaskCompletionSource<InitiatorStream> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
