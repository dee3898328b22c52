namespace Coordinator.Testing;

/// <summary>The programs as they are built, in the configuration of whoever runs them.</summary>
public static class Programs
{
    private static readonly string Configuration =
        AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    public static string Server => Of("src/Coordinator.Server", "coordinator");

    public static string Participant => Of("src/Coordinator.Participant", "Coordinator.Participant");

    public static string Coordctl => Of("src/Coordinator.Cli", "coordctl");

    public static string Torture => Of("tests/Coordinator.Torture", "torture");

    private static string Of(string project, string assembly) =>
        Path.Combine(Repository.Root, project, "bin", Configuration, "net10.0", assembly + ".dll");
}
