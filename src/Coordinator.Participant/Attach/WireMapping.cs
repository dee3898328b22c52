using Google.Protobuf.WellKnownTypes;
using Wire = Coordinator.Contracts.V1;

namespace Coordinator.Participant.Attach;

/// <summary>Between the project's types and the wire's. Enum values agree by number, which a test checks.</summary>
internal static class WireMapping
{
    public static Wire.Register ToRegister(BranchName own, ResourceAttachment resource, ParticipantOptions options) => new()
    {
        Name = own.Participant,
        Instance = own.Instance,
        Resource = new Wire.ResourceIdentity
        {
            Kind = (Wire.ResourceKind)resource.Identity.Kind,
            Server = resource.Identity.Server,
            Database = resource.Identity.Database,
            Row = resource.Identity.Row,
        },
        Marks = { resource.Marks.Select(ToWire) },
        ServerStart = resource.ServerStart,
        ServerVersion = resource.ServerVersion,
        MaxBranches = resource.MaxBranches,
        SqlAddress = (options.SqlAddress ?? options.SqlAddressSource?.Invoke())?.ToString() ?? "",
    };

    /// <exception cref="FormatException">One of the two does not match the grammar.</exception>
    public static BranchId ToBranch(string transaction, string branch) =>
        new(TransactionId.Parse(transaction), BranchName.Parse(branch));

    /// <exception cref="FormatException">A part does not match the grammar.</exception>
    public static CoordinatorMark ToMark(Wire.CoordinatorMark mark) => mark.Position >= 0
        ? new CoordinatorMark(ClusterId.Parse(mark.Cluster), Epoch.Parse(mark.Epoch), mark.Position)
        : throw new FormatException("A log position is never negative.");

    public static string? ToEvidence(string evidence) => evidence.Length == 0 ? null : evidence;

    public static Wire.VoteAnswer ToWire(Vote vote) => vote switch
    {
        Vote.Prepared prepared => new() { Vote = Wire.VoteAnswer.Types.Vote.Prepared, Evidence = prepared.Evidence ?? "" },
        Vote.ReadOnly => new() { Vote = Wire.VoteAnswer.Types.Vote.ReadOnly },
        Vote.No no => new() { Vote = Wire.VoteAnswer.Types.Vote.No, Reason = no.Reason },
        _ => throw new InvalidOperationException($"No such vote: {vote}"),
    };

    public static Wire.BranchReport ToWire(BranchReport report) => new()
    {
        Outcome = (Wire.BranchReport.Types.BranchOutcome)report.Outcome,
        Detail = report.Detail ?? "",
        NeedsOperator = report.NeedsOperator,
    };

    public static Wire.PreparedScan ToWire(PreparedScan scan) => new()
    {
        Branches = { scan.Branches.Select(ToWire) },
        ServerStart = scan.ServerStart,
    };

    private static Wire.PreparedBranch ToWire(PreparedBranch branch) => new()
    {
        Raw = branch.Raw,
        TransactionId = branch.Id?.Transaction.Value ?? "",
        Branch = branch.Id?.Branch.ToString() ?? "",
        PreparedAt = branch.PreparedAt is { } at ? Timestamp.FromDateTimeOffset(at) : null,
        Evidence = branch.Evidence ?? "",
    };

    private static Wire.CoordinatorMark ToWire(CoordinatorMark mark) => new()
    {
        Cluster = mark.Cluster.Value,
        Epoch = mark.Epoch.ToString(),
        Position = mark.Position,
    };
}
