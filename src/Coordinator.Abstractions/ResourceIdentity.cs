namespace Coordinator;

/// <summary>
/// Tells one database from every other, wherever it is reached: the server's own id (system_identifier, server_uid,
/// server_uuid), the database's name, and the identity row made in it at the first attach. Compared as a whole.
/// </summary>
/// <param name="Kind">The kind of database.</param>
/// <param name="Server">The server's own id.</param>
/// <param name="Database">The database's name on that server.</param>
/// <param name="Row">The random id in the identity row.</param>
public sealed record ResourceIdentity(ResourceKind Kind, string Server, string Database, string Row)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kind}/{Server}/{Database}/{Row}";
}
