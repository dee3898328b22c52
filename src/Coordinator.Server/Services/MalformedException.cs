namespace Coordinator.Server;

/// <summary>A field of a request does not match its grammar or limit.</summary>
internal sealed class MalformedException(string field, string expected) : Exception($"{field}: {expected}")
{
    /// <summary>The field's name in the protos.</summary>
    public string Field { get; } = field;
}
