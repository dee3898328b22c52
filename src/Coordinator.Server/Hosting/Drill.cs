using Coordinator.Engine;

namespace Coordinator.Server;

/// <summary>
/// Lets people rehearse a crash: a transaction that is named after a commit point stops there for ever, so that the
/// coordinator can be killed while it is in doubt. Only with the option, and only for those names.
/// </summary>
internal static class Drill
{
    private const string Prefix = "drill-";

    /// <summary>The engine's options, with the stops if they are asked for.</summary>
    public static EngineOptions Apply(ServerOptions options) =>
        options.Drill ? options.Engine with { AtPoint = StopAsync } : options.Engine;

    private static async Task StopAsync(CommitPoint point, GlobalTransaction transaction)
    {
        if (!string.Equals(transaction.Name, Prefix + point, StringComparison.OrdinalIgnoreCase))
            return;
        await Console.Out.WriteLineAsync($"drill: {transaction.Id} reached {point.ToString().ToLowerInvariant()}; kill {Environment.ProcessId} now");
        await Task.Delay(Timeout.Infinite);
    }
}
