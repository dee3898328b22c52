using System.Globalization;
using System.Runtime.InteropServices;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Report;

/// <summary>What the lab ran on, as far as figures depend on it.</summary>
internal sealed record Machine(string Processor, int Cores, string Memory, string System, string Runtime, string Postgres, string MariaDb, string LoadAverage, DateTimeOffset At)
{
    public static async Task<Machine> LookAsync(Databases databases, DateTimeOffset at)
    {
        var postgres = (await databases.Postgres.QueryAsync("SHOW server_version"))[0];
        var mariaDb = (await databases.MariaDb.QueryAsync("SELECT version()"))[0];
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        return new Machine(
            Line("/proc/cpuinfo", "model name"), Environment.ProcessorCount, $"{Text.Number(memory)} GiB", RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription, $"PostgreSQL {postgres}", $"MariaDB {mariaDb}", string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]), at);
    }

    public IEnumerable<(string Name, string Value)> Rows() =>
    [
        ("measured", At.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
        ("processor", string.Create(CultureInfo.InvariantCulture, $"{Processor}, {Cores} cores")),
        ("memory", Memory),
        ("system", System),
        ("runtime", Runtime),
        ("databases", $"{Postgres}, {MariaDb}, both private, forcing to disk"),
        ("load average at the start", LoadAverage),
    ];

    private static string Line(string file, string name) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
}
