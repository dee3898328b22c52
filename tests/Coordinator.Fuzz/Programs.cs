using Coordinator.Testing;

namespace Coordinator.Fuzz;

/// <summary>The participant host as it is built, in this program's configuration.</summary>
internal static class Programs
{
    private static readonly string Configuration =
        AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    public static string Participant => Path.Combine(
        Repository.Root, "src/Coordinator.Participant/bin", Configuration, "net10.0", "Coordinator.Participant.dll");
}
