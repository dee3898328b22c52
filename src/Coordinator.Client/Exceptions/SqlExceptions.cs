using Google.Rpc;
using Grpc.Core;

namespace Coordinator.Client;

/// <summary>The database refused a statement. The transaction can only roll back.</summary>
public sealed class SqlStatementException : TransactionException
{
    internal SqlStatementException(TransactionId id, ErrorInfo info, RpcException failure)
        : base(id, info.Reason, failure.Status.Detail, failure) =>
        SqlState = info.Metadata.TryGetValue("sqlstate", out var state) ? state
            : info.Metadata.TryGetValue("code", out var code) ? code
            : "";

    /// <summary>The database's own code: SQLSTATE, or MySQL's error number; empty if none came.</summary>
    public string SqlState { get; }
}

/// <summary>
/// A statement was sent, and its answer was lost: it may have run or not. The transaction can only roll back, so nothing
/// of it remains.
/// </summary>
public sealed class SqlAnswerLostException : TransactionException
{
    internal SqlAnswerLostException(TransactionId id, Uri address, RpcException failure)
        : base(
            id,
            reasonCode: "",
            $"The answer of {address} was lost ({failure.StatusCode}: {failure.Status.Detail}). Transaction {id} can only "
            + "roll back.",
            failure)
    {
    }
}
