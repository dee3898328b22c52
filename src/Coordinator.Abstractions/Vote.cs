namespace Coordinator;

/// <summary>A branch's answer to prepare: <see cref="Prepared"/>, <see cref="ReadOnly"/> or <see cref="No"/>.</summary>
public abstract record Vote
{
    private Vote()
    {
    }

    /// <summary>Yes: the branch survives any crash and will do as it is told.</summary>
    /// <param name="Evidence">
    /// Opaque text, at most 256 characters, from which the resource manager that gave it can later prove how the branch
    /// ended; null where it needs none. It is kept in the decision record.
    /// </param>
    public sealed record Prepared(string? Evidence) : Vote;

    /// <summary>The branch changed nothing and is over; it takes no part in phase 2.</summary>
    public sealed record ReadOnly : Vote;

    /// <summary>The branch cannot commit, and has been or will be rolled back.</summary>
    /// <param name="Reason">Why, for people; never contains SQL parameters.</param>
    public sealed record No(string Reason) : Vote;
}
