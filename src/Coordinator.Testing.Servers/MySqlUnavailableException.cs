namespace Coordinator.Testing;

/// <summary>Real MySQL cannot be had on this machine; the message says why.</summary>
public sealed class MySqlUnavailableException(string reason) : Exception(reason);
