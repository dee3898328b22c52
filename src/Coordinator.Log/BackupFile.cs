using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// A backup in the making. It lies beside its target under a name of its own, and takes the target's place only once it is
/// forced to disk and verified whole; until then an older backup of that name stays as it is.
/// </summary>
public sealed class BackupFile : IDisposable
{
    private readonly string _target;
    private readonly bool _overwrites;

    /// <summary>Makes nothing yet; whoever fills the backup makes the file.</summary>
    /// <param name="target">Where the backup is to lie.</param>
    /// <param name="overwrites">Whether it may take an older backup's place.</param>
    /// <exception cref="IOException">The target is there already, or is a folder or a coordinator's own log.</exception>
    public BackupFile(string target, bool overwrites)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(target);
        _target = Path.GetFullPath(target);
        _overwrites = overwrites;
        CheckTarget();
        PartialPath = $"{_target}.partial-{Path.GetRandomFileName()[..8]}";
    }

    /// <summary>Where the backup is written until it is whole.</summary>
    public string PartialPath { get; }

    /// <summary>Makes the file, readable for its owner alone, for a copy that comes as a stream.</summary>
    public FileStream OpenWrite() => DurableFiles.Open(PartialPath, FileMode.CreateNew, FileShare.None);

    /// <summary>Forces the backup, verifies it whole, and gives it its name.</summary>
    /// <param name="end">The position of the last record that it must have; null if it has none to keep to.</param>
    /// <exception cref="LogRefusedException">The copy is damaged; the target was not touched.</exception>
    public async Task<LogReport> CompleteAsync(long? end = null)
    {
        DurableFiles.Sync(PartialPath);
        var report = await LogInspector.VerifyAsync(PartialPath).ConfigureAwait(false);
        if (end is not null && report.End != end)
            throw new LogRefusedException($"The copy ends with record {report.End}, but was to end with record {end}.");
        CheckTarget();
        // BEFORE the rename: SQLite would play it into the new file.
        File.Delete(_target + "-wal");
        File.Move(PartialPath, _target, _overwrites);
        DurableFiles.SyncFolder(Path.GetDirectoryName(_target)!);
        return report with { Path = _target };
    }

    /// <summary>Removes what was not completed.</summary>
    public void Dispose()
    {
        foreach (var suffix in (string[])["", "-wal", "-journal"])
            File.Delete(PartialPath + suffix);
    }

    private void CheckTarget()
    {
        if (Directory.Exists(_target))
            throw new IOException($"{_target} is a folder; name the backup's file.");
        if (!Directory.Exists(Path.GetDirectoryName(_target)))
            throw new IOException($"The folder {Path.GetDirectoryName(_target)} does not exist.");
        if (File.Exists(_target + ".mark"))
            throw new IOException($"{_target} is a coordinator's log, not a backup: it has a high-water mark.");
        if (File.Exists(_target) && !_overwrites)
            throw new IOException($"{_target} is there already.");
    }
}
