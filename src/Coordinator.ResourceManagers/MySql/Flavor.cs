namespace Coordinator.ResourceManagers.MySql;

/// <summary>What differs between the two servers, told at attach by <c>VERSION()</c>.</summary>
/// <param name="IsMariaDb">
/// MariaDB keeps a prepared branch with its session until that is finished or gone; MySQL detaches it at prepare.
/// </param>
internal sealed record Flavor(bool IsMariaDb)
{
    public ResourceKind Kind => IsMariaDb ? ResourceKind.MariaDb : ResourceKind.MySql;

    /// <summary>Binary ids in a form that survives: MariaDB's plain listing is bytes, MySQL's needs CONVERT XID.</summary>
    public string XaRecover => IsMariaDb ? "XA RECOVER" : "XA RECOVER CONVERT XID";
}
