namespace Coordinator.Log.Tests;

/// <summary>A folder of its own for each test.</summary>
internal sealed class TestFolder
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("coordinator-log-");

    public string Log => Path.Combine(_folder.FullName, "log", "coordinator.db");

    public string Mark => Log + ".mark";

    public string Wal => Log + "-wal";

    public string At(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Copies the log's files as they lie, as a crash at this moment would leave them (the page cache survives a killed process).</summary>
    public string Snapshot(string name, string? log = null)
    {
        var target = Directory.CreateDirectory(At(name)).FullName;
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(log ?? Log)!))
        {
            if (!file.EndsWith(".lock", StringComparison.Ordinal))
                CopyByOtherProcess(file, Path.Combine(target, Path.GetFileName(file)));
        }

        return Path.Combine(target, Path.GetFileName(Log));
    }

    public void Delete() => _folder.Delete(recursive: true);

    /// <summary>Not by this process: closing any descriptor of a file drops the POSIX locks that SQLite holds on it.</summary>
    private static void CopyByOtherProcess(string source, string target)
    {
        using var copy = System.Diagnostics.Process.Start("cp", [source, target]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}
