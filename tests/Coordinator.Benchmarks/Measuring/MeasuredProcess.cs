using System.Globalization;

namespace Coordinator.Benchmarks.Measuring;

/// <summary>A process whose processor time counts for a case.</summary>
/// <param name="Name">The part that it plays; processes of one name are added up.</param>
/// <param name="Id">Its number.</param>
/// <param name="WithChildren">True: with its children, those that ended and were waited for included.</param>
internal sealed record MeasuredProcess(string Name, int Id, bool WithChildren = false)
{
    // USER_HZ, in which /proc counts: 100 on every Linux that .NET runs on.
    private const double MicrosecondsPerTick = 10_000;

    public bool IsOwn => Id == Environment.ProcessId;

    public static MeasuredProcess Own { get; } = new("application", Environment.ProcessId);

    /// <summary>Processor time so far, user's and system's, in microseconds; to 10,000 microseconds a process.</summary>
    public double ReadMicroseconds()
    {
        var own = ReadStat(Id) ?? throw new InvalidOperationException($"Process {Id} ({Name}) has ended.");
        var ticks = own.Own;
        if (WithChildren)
            ticks += own.EndedChildren + Directory.EnumerateDirectories("/proc").Sum(folder => TicksIfChild(Path.GetFileName(folder)));
        return ticks * MicrosecondsPerTick;
    }

    private long TicksIfChild(string process) =>
        int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && ReadStat(id) is { } stat && stat.Parent == Id
            ? stat.Own
            : 0;

    // pid (name) state ppid … utime stime cutime cstime: the fields 4 and 14 to 17 of proc(5).
    private static Stat? ReadStat(int id)
    {
        string text;
        try
        {
            text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
        }
        catch (IOException)
        {
            // It has ended between the listing and the look.
            return null;
        }

        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return new Stat((int)Field(1), Field(11) + Field(12), Field(13) + Field(14));

        long Field(int index) => long.Parse(fields[index], CultureInfo.InvariantCulture);
    }

    private readonly record struct Stat(int Parent, long Own, long EndedChildren);
}
