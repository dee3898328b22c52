using Coordinator.Contracts.V1;

namespace Coordinator.Server;

/// <summary>A registration that has been checked whole: nothing of it is trusted before.</summary>
/// <param name="Name">Of the participant.</param>
/// <param name="Instance">This process of it.</param>
/// <param name="Resource">Its database.</param>
/// <param name="SqlAddress">Where its SQL service listens; empty for none.</param>
internal sealed record Registration(string Name, string Instance, ResourceAttachment Resource, string SqlAddress)
{
    public const string NameGrammar = "A participant's name is 1 to 40 characters of [a-z0-9-] and starts with a letter.";

    private const string InstanceGrammar = "An instance is 8 to 16 characters of [a-z0-9].";

    // Twice what any of the three servers gives, and short enough for the log and for operators' screens.
    private const int MaxIdentityLength = 200, MaxVersionLength = 200, MaxAddressLength = 300;

    /// <exception cref="MalformedException">Something does not match its grammar or limit.</exception>
    public static Registration From(Register register, ServerOptions options)
    {
        if (!BranchName.IsParticipant(register.Name))
            throw new MalformedException("name", NameGrammar);
        if (!BranchName.IsInstance(register.Instance))
            throw new MalformedException("instance", InstanceGrammar);
        if (register.MaxBranches < 1)
            throw new MalformedException("max_branches", "must be at least 1.");
        var attachment = new ResourceAttachment(
            IdentityOf(register.Resource),
            MarksOf(register, options.MaxMarks),
            Fields.OptionalText(register.ServerStart, MaxVersionLength, "server_start"),
            Fields.OptionalText(register.ServerVersion, MaxVersionLength, "server_version"),
            register.MaxBranches);
        return new Registration(register.Name, register.Instance, attachment, AddressOf(register.SqlAddress));
    }

    private static ResourceIdentity IdentityOf(Contracts.V1.ResourceIdentity? identity)
    {
        if (identity is null)
            throw new MalformedException("resource", "is missing.");
        var kind = (ResourceKind)identity.Kind;
        if (!Enum.IsDefined(kind))
            throw new MalformedException("resource.kind", "must be POSTGRES, MARIADB or MYSQL.");
        return new ResourceIdentity(
            kind,
            Fields.Text(identity.Server, MaxIdentityLength, "resource.server"),
            Fields.Text(identity.Database, MaxIdentityLength, "resource.database"),
            Fields.Text(identity.Row, MaxIdentityLength, "resource.row"));
    }

    private static IReadOnlyList<CoordinatorMark> MarksOf(Register register, int limit)
    {
        if (register.Marks.Count > limit)
            throw new MalformedException("marks", $"has {register.Marks.Count} marks; at most {limit} are allowed.");
        return [.. register.Marks.Select(mark => mark.Position < 0
            ? throw new MalformedException("marks.position", "must not be negative.")
            : new CoordinatorMark(
                Fields.Read(mark.Cluster, "marks.cluster", ClusterId.Parse),
                Fields.Read(mark.Epoch, "marks.epoch", Epoch.Parse),
                mark.Position))];
    }

    private static string AddressOf(string address)
    {
        Fields.OptionalText(address, MaxAddressLength, "sql_address");
        if (address.Length > 0 && !(Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            throw new MalformedException("sql_address", "must be an http or https address, or empty.");
        return address;
    }
}
