namespace Coordinator;

/// <summary>
/// The part of a branch's id that tells the branches of one transaction apart (XA's bqual):
/// <c>{participant}.{instance}</c>. The instance is random at each process start, so two processes of one participant
/// never prepare under the same id.
/// </summary>
public readonly record struct BranchName
{
    /// <summary>The longest participant name, in characters.</summary>
    public const int MaxParticipantLength = 40;

    /// <summary>The shortest and the longest instance, in characters.</summary>
    public const int MinInstanceLength = 8, MaxInstanceLength = 16;

    private readonly string? _participant;
    private readonly string? _instance;

    /// <summary>Names a branch.</summary>
    /// <exception cref="FormatException">One of the two does not match the grammar.</exception>
    public BranchName(string participant, string instance)
    {
        if (!IsParticipant(participant))
        {
            throw new FormatException(
                $"A participant's name is 1 to {MaxParticipantLength} characters of [a-z0-9-] and starts with a letter.");
        }

        if (!IsInstance(instance))
        {
            throw new FormatException(
                $"An instance is {MinInstanceLength} to {MaxInstanceLength} characters of [a-z0-9].");
        }

        _participant = participant;
        _instance = instance;
    }

    /// <summary>The name under which the participant is registered.</summary>
    public string Participant => _participant ?? throw new InvalidOperationException("A default BranchName names no branch.");

    /// <summary>The process that did the branch's work.</summary>
    public string Instance => _instance ?? throw new InvalidOperationException("A default BranchName names no branch.");

    /// <summary>True for 1 to 40 characters of <c>[a-z0-9-]</c> that start with a letter.</summary>
    public static bool IsParticipant(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxParticipantLength || text[0] is < 'a' or > 'z')
            return false;
        foreach (var c in text)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
                return false;
        }

        return true;
    }

    /// <summary>True for 8 to 16 characters of <c>[a-z0-9]</c>.</summary>
    public static bool IsInstance(ReadOnlySpan<char> text) =>
        text.Length is >= MinInstanceLength and <= MaxInstanceLength && IdGrammar.IsAlphanumeric(text);

    /// <summary>Reads a branch name; false if <paramref name="text"/> does not match the grammar as a whole.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out BranchName name)
    {
        name = default;
        var separator = text.IndexOf('.');
        if (separator < 0 || !IsParticipant(text[..separator]) || !IsInstance(text[(separator + 1)..]))
            return false;
        name = new BranchName(text[..separator].ToString(), text[(separator + 1)..].ToString());
        return true;
    }

    /// <summary>Reads a branch name.</summary>
    /// <exception cref="FormatException">The text does not match the grammar.</exception>
    public static BranchName Parse(string text) => TryParse(text, out var name)
        ? name
        : throw new FormatException("A branch is {participant}.{instance}, for example inventory.4f7c01ab.");

    /// <inheritdoc/>
    public override string ToString() => $"{Participant}.{Instance}";
}
