using System.Runtime.CompilerServices;
using Coordinator.Client.Calls;
using Coordinator.Client.Propagation;
using Coordinator.Client.Sql;
using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Client;

/// <summary>
/// SQL in one transaction, run by a participant; the branch joins the transaction by itself. One statement at a time:
/// a branch is one session of its database.
/// </summary>
/// <remarks>
/// Statements have the database's own placeholders: <c>$1, $2</c> on PostgreSQL, <c>?</c> on MySQL and MariaDB. Parameters
/// may be null, bool, integers, float, double, decimal, string, byte[], DateTimeOffset, DateTime in UTC, DateOnly, Guid, and
/// JsonElement. A statement is never sent twice. One that failed, or whose answer was lost, makes the transaction
/// rollback-only. An answer is waited for until the transaction's deadline, and
/// <see cref="CoordinatorClientOptions.CallTimeout"/> longer; past that it counts as lost.
/// </remarks>
public sealed class ParticipantSql
{
    // Timers take no more.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(40);

    private readonly GlobalTransaction _transaction;
    private readonly CoordinatorClient _client;
    private readonly Uri _address;
    private readonly SqlService.SqlServiceClient _sql;

    internal ParticipantSql(GlobalTransaction transaction, CoordinatorClient client, Uri address)
    {
        _transaction = transaction;
        _client = client;
        _address = address;
        _sql = new SqlService.SqlServiceClient(client.Participant(address));
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>How many rows it changed; -1 where the database does not tell.</returns>
    /// <exception cref="SqlStatementException">The database refused the statement.</exception>
    /// <exception cref="SqlAnswerLostException">The answer was lost.</exception>
    /// <exception cref="CoordinatorException">The participant refused the statement, for want of sessions for example.</exception>
    /// <exception cref="OperationCanceledException">Canceled. Unless nothing was sent yet, the transaction can only roll back.</exception>
    /// <exception cref="ArgumentException">A parameter has a type that has no place in a statement.</exception>
    public async Task<long> ExecuteAsync(
        string sql, IReadOnlyList<object?>? parameters = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(sql);
        var request = new ExecuteRequest
        {
            TransactionId = _transaction.Id.Value,
            Sql = sql,
            Parameters = { SqlValues.Encode(parameters) },
        };
        cancellationToken.ThrowIfCancellationRequested();
        var call = _transaction.StartCall($"A statement at {_address}");
        using var span = _transaction.StartSpan("execute");
        using var expiry = Expiry();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, expiry.Token);
        try
        {
            var answer = await _sql.ExecuteAsync(request, cancellationToken: stop.Token).ConfigureAwait(false);
            call.Answered([answer.Branch]);
            return answer.RowsAffected;
        }
        catch (RpcException failure)
        {
            span.Fail(failure.StatusCode.ToString());
            throw Failed(call, failure, cancellationToken);
        }
    }

    /// <summary>Runs a query and returns all its rows, at most <see cref="CoordinatorClientOptions.MaxQueryRows"/>.</summary>
    /// <exception cref="InvalidOperationException">There are more rows. The transaction can only roll back.</exception>
    /// <inheritdoc cref="ExecuteAsync"/>
    public async Task<IReadOnlyList<SqlRow>> QueryAsync(
        string sql, IReadOnlyList<object?>? parameters = null, CancellationToken cancellationToken = default)
    {
        var rows = new List<SqlRow>();
        await foreach (var row in StreamAsync(sql, parameters, cancellationToken).ConfigureAwait(false))
        {
            if (rows.Count == _client.Options.MaxQueryRows)
            {
                throw new InvalidOperationException(
                    $"The query has more than {_client.Options.MaxQueryRows} rows ({nameof(CoordinatorClientOptions.MaxQueryRows)}); "
                    + $"{nameof(StreamAsync)} has no limit.");
            }

            rows.Add(row);
        }

        return rows;
    }

    /// <summary>
    /// Runs a query and gives its rows as they come. The transaction can only roll back unless they are read to the end.
    /// </summary>
    /// <inheritdoc cref="ExecuteAsync"/>
    public IAsyncEnumerable<SqlRow> StreamAsync(
        string sql, IReadOnlyList<object?>? parameters = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(sql);
        var request = new QueryRequest
        {
            TransactionId = _transaction.Id.Value,
            Sql = sql,
            Parameters = { SqlValues.Encode(parameters) },
        };
        return StreamAsync(request, cancellationToken);
    }

    private async IAsyncEnumerable<SqlRow> StreamAsync(
        QueryRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var call = _transaction.StartCall($"A query at {_address}");
        using var span = _transaction.StartSpan("query");
        using var expiry = Expiry();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, expiry.Token);
        using var stream = _sql.Query(request, cancellationToken: stop.Token);
        QueryHeader? header = null;
        SqlColumns columns = SqlColumns.None;
        try
        {
            while (await NextAsync(stream, call, cancellationToken, stop.Token).ConfigureAwait(false) is { } message)
            {
                if (message.ResponseCase == QueryResponse.ResponseOneofCase.Header)
                {
                    header = message.Header;
                    columns = new SqlColumns(header.Columns);
                    continue;
                }

                foreach (var row in message.Rows.Rows_)
                    yield return new SqlRow(columns, row.Values);
            }

            call.Answered(header is null ? [] : [header.Branch]);
        }
        finally
        {
            // No effect after the end above.
            call.Lost("it was not read to its end", header is null ? null : [header.Branch]);
        }
    }

    private async Task<QueryResponse?> NextAsync(
        AsyncServerStreamingCall<QueryResponse> stream, PendingCall call, CancellationToken cancellationToken, CancellationToken stop)
    {
        try
        {
            return await stream.ResponseStream.MoveNext(stop).ConfigureAwait(false)
                ? stream.ResponseStream.Current
                : null;
        }
        catch (RpcException failure)
        {
            throw Failed(call, failure, cancellationToken);
        }
    }

    // A call can wait without end: for a participant that is stopped, or for a connection (grpc-dotnet issue 2297).
    private CancellationTokenSource Expiry()
    {
        var limit = _transaction.Remaining + _client.Options.CallTimeout;
        return new CancellationTokenSource(limit < LongestWait ? limit : LongestWait, _client.Options.TimeProvider);
    }

    private Exception Failed(PendingCall call, RpcException failure, CancellationToken cancellationToken)
    {
        var hasInfo = RpcErrors.TryGetErrorInfo(failure, out var info);
        RpcErrors.TryGetReason(failure, out var reason);
        // These are told before the statement runs; everything else leaves a branch that may or can not commit.
        if (RpcFailure.WasNeverSent(failure) || reason is Reason.Overloaded or Reason.Malformed)
            call.Refused();
        else
            call.Lost(
                $"it failed ({RpcFailure.Describe(failure)})",
                hasInfo && info!.Metadata.TryGetValue("branch", out var branch) ? [branch] : null);

        if (cancellationToken.IsCancellationRequested)
            return new OperationCanceledException("The statement was canceled.", failure, cancellationToken);
        return reason switch
        {
            Reason.StatementFailed => new SqlStatementException(_transaction.Id, info!, failure),
            Reason.Malformed => new ArgumentException(failure.Status.Detail, failure),
            _ when hasInfo || RpcFailure.IsRefusal(failure) => new CoordinatorException(
                RpcFailure.ReasonOf(failure), $"{_address} refused the statement: {failure.Status.Detail}", failure),
            _ when RpcFailure.WasNeverSent(failure) => new CoordinatorUnavailableException(
                reasonCode: "", $"{_address} cannot be reached; the statement was not sent.", failure),
            _ => new SqlAnswerLostException(_transaction.Id, _address, failure),
        };
    }
}
