namespace Coordinator.Log;

/// <summary>
/// Puts a fresh file in the log's place, so that a crash at any step leaves the old log or the new one, whole.
/// </summary>
/// <remarks>
/// 1. The copy is made under <c>.rewrite</c> and forced. A crash before leaves rubbish that the next start removes.
/// 2. It is renamed to <c>.new</c>, and the folder forced: from here on the copy is the log.
/// 3. The old write-ahead file is removed, and the folder forced, BEFORE 4: SQLite would play it into the new file.
/// 4. <c>.new</c> is renamed to the log's name, and the folder forced.
/// Steps 3 and 4 are done again by the next start if it finds <c>.new</c>.
/// </remarks>
internal static class LogReplacement
{
    public static void Replace(LogPaths paths, IEnumerable<StoredRow> rows, Anchor? anchor, ILogFaults? faults)
    {
        RemoveRubbish(paths);
        faults?.At(LogStep.RewriteBegun);
        LogDatabase.Build(paths.Rewrite, rows, anchor);
        if (File.Exists(paths.Rewrite + "-wal"))
            throw new IOException($"The fresh file {paths.Rewrite} is not complete: its write-ahead file is still there.");
        DurableFiles.Sync(paths.Rewrite);
        faults?.At(LogStep.RewriteComplete);
        File.Move(paths.Rewrite, paths.Replacement);
        DurableFiles.SyncFolder(paths.Folder);
        faults?.At(LogStep.ReplacementNamed);
        Finish(paths, faults);
    }

    /// <summary>Steps 3 and 4, and what a crash left behind.</summary>
    public static void Finish(LogPaths paths, ILogFaults? faults)
    {
        RemoveRubbish(paths);
        if (!File.Exists(paths.Replacement))
            return;
        File.Delete(paths.Wal);
        File.Delete(paths.Shm);
        DurableFiles.SyncFolder(paths.Folder);
        faults?.At(LogStep.OldWalRemoved);
        File.Move(paths.Replacement, paths.Log, overwrite: true);
        DurableFiles.SyncFolder(paths.Folder);
        faults?.At(LogStep.Replaced);
    }

    private static void RemoveRubbish(LogPaths paths)
    {
        foreach (var suffix in (string[])["", "-wal", "-shm", "-journal"])
        {
            File.Delete(paths.Rewrite + suffix);
            File.Delete(paths.Snapshot + suffix);
        }
    }
}
