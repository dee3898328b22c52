using System.Diagnostics;

namespace Coordinator.Client;

/// <summary>The client's spans. Without a listener nothing is made of them.</summary>
public static class ClientTracing
{
    /// <summary>What an application gives to <c>AddSource</c>, with <c>System.Net.Http</c>, whose spans are the way to the coordinator.</summary>
    public const string SourceName = "Coordinator.Client";

    internal static readonly ActivitySource Source = new(SourceName);
}
