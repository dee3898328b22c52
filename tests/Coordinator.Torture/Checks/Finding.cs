namespace Coordinator.Torture.Checks;

/// <summary>What kind of promise is broken.</summary>
internal enum Broken
{
    /// <summary>A transfer is in some of its databases, and not in others.</summary>
    Split,

    /// <summary>
    /// What was told, or had to be, is not what is in the databases: an acknowledged commit that is not there, an
    /// acknowledged abort that is, a commit nobody asked for, an outcome told by Get that the ledgers contradict.
    /// </summary>
    Lost,

    /// <summary>A branch that a server still holds prepared.</summary>
    LeftPrepared,

    /// <summary>Money made or destroyed: a balance, a total, or an audit's sum.</summary>
    Total,

    /// <summary>The system did not come to rest, or is not in order at rest.</summary>
    Unsettled,
}

/// <summary>A broken promise, with what is needed to look at it.</summary>
internal sealed record Finding(Broken Broken, string Text);
