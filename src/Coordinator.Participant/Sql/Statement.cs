using System.Globalization;
using System.Text;
using Coordinator.Contracts.V1;

namespace Coordinator.Participant.Sql;

/// <summary>A request that was found to be well formed.</summary>
/// <param name="Transaction">The transaction.</param>
/// <param name="Sql">One statement.</param>
/// <param name="Parameters">Its parameters, in order.</param>
/// <param name="NeedsProof">It could end the transaction.</param>
internal sealed record Statement(TransactionId Transaction, string Sql, IReadOnlyList<Value> Parameters, bool NeedsProof)
{
    /// <exception cref="StatementRefusedException">Something does not match its grammar or limit.</exception>
    public static Statement Parse(
        string transaction, string sql, IReadOnlyList<Value> parameters, ResourceKind kind, ParticipantOptions options)
    {
        if (!TransactionId.TryParse(transaction, out var id))
            throw new StatementRefusedException("The transaction id does not match its grammar.");
        if (Encoding.UTF8.GetByteCount(sql) > options.MaxSqlBytes)
            throw Refuse($"A statement has at most {options.MaxSqlBytes} bytes.");
        if (parameters.Count > options.MaxParameters)
            throw Refuse($"A statement has at most {options.MaxParameters} parameters.");
        if (sql.Contains('\0', StringComparison.Ordinal))
            throw new StatementRefusedException("A statement has no zero characters.");
        return new Statement(id, sql, parameters, StatementGuard.Check(sql, kind));
    }

    private static StatementRefusedException Refuse(FormattableString message) =>
        new(message.ToString(CultureInfo.InvariantCulture));
}
