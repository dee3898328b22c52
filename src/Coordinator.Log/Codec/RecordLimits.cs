namespace Coordinator.Log;

/// <summary>
/// What one record may hold. Texts that mean something to a program are refused above their limit; texts for people
/// are cut, because a database's long error message must not keep an abort from being written.
/// </summary>
internal static class RecordLimits
{
    /// <summary>Bytes of UTF-8 of a key, an evidence or a part of an identity.</summary>
    public const int MaxTextBytes = 1024;

    /// <summary>Bytes of UTF-8 of a name, reason or detail; a longer one is cut.</summary>
    public const int MaxPeopleTextBytes = 2000;

    /// <summary>Branches of one decision.</summary>
    public const int MaxBranches = 1000;

    /// <summary>Bytes of one record; nothing within the other limits comes near it.</summary>
    public const int MaxBodyBytes = 2 * 1024 * 1024;
}
