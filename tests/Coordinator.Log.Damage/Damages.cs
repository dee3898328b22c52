namespace Coordinator.Log.Damage;

/// <summary>The ways in which a disk loses or changes what was written.</summary>
internal static class Damages
{
    private const int PageSize = 4096;
    private const int WalHeaderSize = 32;
    private const int WalFrameSize = PageSize + 24;

    public static (LogFileSet Files, string What) FlipBit(LogFileSet files, Random random, string? only = null)
    {
        var (name, bytes) = Draw(files, random, only);
        var bit = random.Next(bytes.Length * 8);
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        return (files.With(name, bytes), $"bit {bit} of '{name}' flipped");
    }

    public static (LogFileSet Files, string What) Cut(LogFileSet files, Random random)
    {
        var (name, bytes) = Draw(files, random);
        var length = random.Next(bytes.Length);
        return (files.With(name, bytes[..length]), $"'{name}' cut at {length} of {bytes.Length}");
    }

    public static (LogFileSet Files, string What) ZeroPage(LogFileSet files, Random random)
    {
        var (name, bytes) = Draw(files, random);
        var pages = Pages(name, bytes.Length);
        var page = pages[random.Next(pages.Count)];
        bytes.AsSpan(page).Clear();
        return (files.With(name, bytes), $"{page} of '{name}' zeroed");
    }

    public static (LogFileSet Files, string What) SwapPages(LogFileSet files, Random random)
    {
        var (name, bytes) = Draw(files, random);
        var pages = Pages(name, bytes.Length).Where(page => page.End.Value - page.Start.Value >= PageSize).ToList();
        if (pages.Count < 2)
            return ZeroPage(files, random);
        var (left, right) = (pages[random.Next(pages.Count)], pages[random.Next(pages.Count)]);
        var kept = bytes[left];
        bytes.AsSpan(right).CopyTo(bytes.AsSpan(left));
        kept.CopyTo(bytes.AsSpan(right));
        return (files.With(name, bytes), $"{left} and {right} of '{name}' swapped");
    }

    /// <summary>
    /// Some of the files as they were half way. Not the write-ahead file and the mark together: with an unchanged main file that
    /// is an old backup, whole in itself, which only the databases' memory tells (R7).
    /// </summary>
    public static IEnumerable<(LogFileSet Files, string What)> PutBack(LogFileSet files, LogFileSet half)
    {
        foreach (var old in (string[][])[[""], ["-wal"], [".mark"], ["", "-wal"], ["", ".mark"]])
            yield return (old.Aggregate(files, (set, name) => set.With(name, half.Contents[name])), $"older {string.Join(" and ", old.Select(name => $"'{name}'"))}");
    }

    private static (string Name, byte[] Bytes) Draw(LogFileSet files, Random random, string? only = null)
    {
        // The mark is small, and either of its slots serves: one in ten.
        var name = only ?? (random.Next(10) == 0 ? ".mark" : random.Next(2) == 0 ? "" : "-wal");
        if (files.Contents[name].Length == 0)
            name = "";
        return (name, (byte[])files.Contents[name].Clone());
    }

    private static List<Range> Pages(string name, int length)
    {
        var (first, size) = name == "-wal" ? (WalHeaderSize, WalFrameSize) : (0, PageSize);
        var pages = new List<Range>();
        for (var start = first; start < length; start += size)
            pages.Add(start..Math.Min(start + size, length));
        return pages;
    }
}
