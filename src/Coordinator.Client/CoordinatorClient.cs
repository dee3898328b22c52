using System.Diagnostics;
using Coordinator.Client.Calls;
using Coordinator.Contracts.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Client;

/// <summary>
/// A coordinator, as an application uses it. One object serves any number of transactions and threads; make one for
/// the life of the process.
/// </summary>
public sealed class CoordinatorClient : IDisposable
{
    private readonly Channels _channels;

    private CoordinatorClient(CoordinatorClientOptions options)
    {
        options.Validate();
        Options = options;
        Logger = options.LoggerFactory.CreateLogger("Coordinator.Client");
        _channels = new Channels(options);
        CallInvoker = _channels.Coordinator;
        Transactions = new TransactionService.TransactionServiceClient(CallInvoker);
        Retries = new Retries(options);
    }

    /// <summary>Where the coordinator listens.</summary>
    public Uri Address => Options.Address;

    /// <summary>For the coordinator's other services, over the same connections.</summary>
    public CallInvoker CallInvoker { get; }

    internal CoordinatorClientOptions Options { get; }

    internal ILogger Logger { get; }

    internal TransactionService.TransactionServiceClient Transactions { get; }

    internal Retries Retries { get; }

    /// <summary>Makes a client of the coordinator at an address. The first call dials, not this.</summary>
    /// <exception cref="ArgumentException">Not an absolute http or https address.</exception>
    public static CoordinatorClient Connect(Uri address) => Connect(new CoordinatorClientOptions(address));

    /// <summary>Makes a client. The first call dials, not this.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or the options contradict each other.</exception>
    public static CoordinatorClient Connect(CoordinatorClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new CoordinatorClient(options);
    }

    /// <summary>Begins a transaction.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, here or for the coordinator.</exception>
    /// <exception cref="CoordinatorUnavailableException">No answer within <see cref="CoordinatorClientOptions.CallTimeout"/>, or the coordinator is overloaded.</exception>
    /// <exception cref="TransactionInProgressException">Another call began a transaction under the idempotency key, and it is not over.</exception>
    /// <exception cref="TransactionException">The idempotency key found a transaction that ended otherwise than by commit; as for <see cref="GlobalTransaction.CommitAsync"/>.</exception>
    public async Task<GlobalTransaction> BeginAsync(
        BeginOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= BeginOptions.Default;
        options.Validate();
        var request = new BeginRequest
        {
            Name = options.Name ?? "",
            Timeout = options.Timeout is { } timeout ? Duration.FromTimeSpan(timeout) : null,
            IdempotencyKey = options.IdempotencyKey ?? "",
            Attempt = options.IdempotencyKey is null ? "" : Guid.NewGuid().ToString("N"),
        };
        using var span = ClientTracing.Source.StartActivity("begin", ActivityKind.Client);
        // Begin is safe to repeat: a transaction whose id was lost on the way has no work, and aborts at its deadline.
        try
        {
            var answer = await CallAsync(
                token => Transactions.BeginAsync(request, cancellationToken: token).ResponseAsync,
                "Begin was not answered; a transaction that it may have begun aborts at its deadline",
                cancellationToken).ConfigureAwait(false);
            span?.SetTag(SpanTags.Transaction, answer.TransactionId);
            return Begun(answer, span?.Context ?? default);
        }
        catch (Exception failure)
        {
            span.Fail(failure);
            throw;
        }
    }

    /// <summary>Tells how a transaction stands. An outcome of Unknown proves nothing.</summary>
    /// <exception cref="TransactionNotFoundException">The id is another coordinator's.</exception>
    /// <exception cref="CoordinatorUnavailableException">No answer within <see cref="CoordinatorClientOptions.CallTimeout"/>.</exception>
    public async Task<TransactionDescription> GetAsync(TransactionId id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        var result = await AskAsync(id, cancellationToken).ConfigureAwait(false);
        if (result.FinalAnswer is { } answer)
            return TransactionDescription.From(answer.Transaction);
        throw NotAnswered(result, id, $"How transaction {id} stands was not answered", cancellationToken);
    }

    /// <summary>
    /// Gives the transaction as it stands now and after each change, and ends once it is over. A lost connection is
    /// opened again; changes meanwhile may be skipped, the last one never is.
    /// </summary>
    /// <exception cref="TransactionNotFoundException">The id is another coordinator's.</exception>
    /// <exception cref="CoordinatorUnavailableException">Nothing came for <see cref="CoordinatorClientOptions.CallTimeout"/> after a connection was lost.</exception>
    public IAsyncEnumerable<TransactionDescription> WatchAsync(
        TransactionId id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new WatchCall(this, id).RunAsync(cancellationToken);
    }

    /// <summary>Closes the connections. Transactions that are still open abort at their deadlines.</summary>
    public void Dispose() => _channels.Dispose();

    internal CallInvoker Participant(Uri address) => _channels.Participant(address);

    internal Task<CallResult<GetResponse>> AskAsync(TransactionId id, CancellationToken cancellationToken)
    {
        var request = new GetRequest { TransactionId = id.Value };
        return Retries.RunAsync(
            token => Transactions.GetAsync(request, cancellationToken: token).ResponseAsync,
            static _ => true,
            Options.CallTimeout,
            cancellationToken);
    }

    internal CoordinatorUnavailableException Unavailable(RpcException? failure, string what) => new(
        RpcFailure.ReasonOf(failure), $"{what}. {Address} answered {RpcFailure.Describe(failure)}.", failure);

    internal CoordinatorException Refused(RpcException refusal, string what) => new(
        RpcFailure.ReasonOf(refusal), $"{what}. {Address} answered {RpcFailure.Describe(refusal)}.", refusal);

    internal Exception NotAnswered<T>(
        CallResult<T> result, TransactionId? id, string what, CancellationToken cancellationToken)
        where T : class
    {
        if (result.Refusal is not { } refusal)
        {
            return cancellationToken.IsCancellationRequested
                ? new OperationCanceledException(cancellationToken)
                : Unavailable(result.Failure, what);
        }

        return refusal.StatusCode switch
        {
            StatusCode.NotFound when id is not null => new TransactionNotFoundException(
                id, RpcFailure.ReasonOf(refusal), $"{Address} has no transaction {id}: {refusal.Status.Detail}", refusal),
            StatusCode.InvalidArgument => new ArgumentException(refusal.Status.Detail, refusal),
            StatusCode.ResourceExhausted => Unavailable(refusal, what),
            _ => Refused(refusal, what),
        };
    }

    private async Task<T> CallAsync<T>(
        Func<CancellationToken, Task<T>> call, string whatIfNot, CancellationToken cancellationToken)
        where T : class
    {
        var result = await Retries.RunAsync(call, static _ => true, Options.CallTimeout, cancellationToken)
            .ConfigureAwait(false);
        return result.FinalAnswer ?? throw NotAnswered(result, id: null, whatIfNot, cancellationToken);
    }

    private GlobalTransaction Begun(BeginResponse answer, ActivityContext trace)
    {
        var id = TransactionId.Parse(answer.TransactionId);
        if (answer.Outcome == Outcome.Committed)
            return new GlobalTransaction(this, id, remaining: TimeSpan.Zero, alreadyCommitted: true);
        if (Outcomes.IsFinal(answer.Outcome))
        {
            throw Outcomes.ToException(
                id, answer.Outcome, reasonCode: "", "the idempotency key belongs to a transaction that is over", branches: []);
        }

        if (answer.Existing || answer.State != TransactionState.Active)
            throw new TransactionInProgressException(id, answer.State);
        var remaining = answer.Remaining?.ToTimeSpan() ?? TimeSpan.Zero;
        Log.Begun(Logger, id, remaining);
        return new GlobalTransaction(this, id, remaining, alreadyCommitted: false) { BegunIn = trace };
    }
}
