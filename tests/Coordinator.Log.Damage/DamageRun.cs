using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.Log.Damage;

/// <summary>What came of damages of one kind.</summary>
/// <param name="Tried">How many there were.</param>
/// <param name="Noticed">The log was refused, naming what is damaged.</param>
/// <param name="Harmless">It opened, and everything acknowledged is there and unchanged.</param>
/// <param name="Stated">The newest batch or two are gone, as README.md of Coordinator.Log says; only together with a power failure.</param>
/// <param name="Missed">Anything else.</param>
public sealed record DamageCounts(int Tried, int Noticed, int Harmless, int Stated, int Missed)
{
    public static DamageCounts operator +(DamageCounts left, DamageCounts right) => new(
        left.Tried + right.Tried, left.Noticed + right.Noticed, left.Harmless + right.Harmless, left.Stated + right.Stated, left.Missed + right.Missed);
}

/// <summary>Damages logs and opens them.</summary>
public static partial class DamageRun
{
    private static readonly DamageCounts None = new(0, 0, 0, 0, 0);

    /// <param name="flips">How many bits to flip, one at a time; of each other kind there are a twentieth as many.</param>
    /// <param name="seed">What is drawn; the logs themselves differ from run to run.</param>
    /// <param name="output">Gets a line for each kind, each miss, and the sum.</param>
    public static async Task<DamageCounts> RunAsync(int flips, int seed, TextWriter output)
    {
        // In memory where that can be had: what is tried here is reading, and a disk's forcing takes its time.
        var parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        var folder = Directory.CreateDirectory(Path.Combine(parent, $"coordinator-damage-{Environment.ProcessId}-{Path.GetRandomFileName()}"));
        try
        {
            return await RunAsync(flips, seed, folder, output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<DamageCounts> RunAsync(int flips, int seed, DirectoryInfo folder, TextWriter output)
    {
        Subject[] subjects =
        [
            await MakeAsync("killed, all in the write-ahead file", checkpointPages: 100_000, isTrimmed: false, isClosed: false),
            await MakeAsync("killed, trimmed and copied back now and then", checkpointPages: 60, isTrimmed: true, isClosed: false),
            await MakeAsync("closed in order", checkpointPages: 1000, isTrimmed: true, isClosed: true),
        ];
        var opener = new Opener(Path.Combine(folder.CreateSubdirectory("damaged").FullName, "coordinator.db"), output);
        var others = Math.Max(1, flips / 20);

        var flipped = await TryAsync("flipped bits", flips, (subject, random) => Damages.FlipBit(subject.Files, random));
        var other = await TryAsync("torn tails", others, (subject, random) => Damages.Cut(subject.Files, random));
        other += await TryAsync("zeroed pages", others, (subject, random) => Damages.ZeroPage(subject.Files, random));
        other += await TryAsync("swapped pages", others, (subject, random) => Damages.SwapPages(subject.Files, random));
        var putBack = None;
        foreach (var subject in subjects)
        {
            foreach (var (files, what) in Damages.PutBack(subject.Files, subject.Half))
                putBack += await opener.TryAsync(subject, files, what);
        }

        Report("older files put back", putBack);
        other += putBack;
        // The mark that reached the disk is older, and the write-ahead file is damaged besides.
        other += await TryAsync(
            "power failure and a flipped bit", others, (subject, random) => Damages.FlipBit(subject.Files.With(".mark", subject.Half.Contents[".mark"]), random, only: "-wal"), mayLack: 2);
        var all = flipped + other;
        output.WriteLine(
            $"damage: flips={flipped.Tried} noticed={flipped.Noticed} harmless={flipped.Harmless} others={other.Tried} stated={all.Stated} missed={all.Missed}");
        return all;

        Task<Subject> MakeAsync(string name, int checkpointPages, bool isTrimmed, bool isClosed) =>
            Subject.MakeAsync(name, folder.CreateSubdirectory(Path.GetRandomFileName()).FullName, checkpointPages, isTrimmed, isClosed);

        async Task<DamageCounts> TryAsync(string kind, int count, Func<Subject, Random, (LogFileSet, string)> damage, int mayLack = 0)
        {
            var counts = None;
            for (var i = 0; i < count; i++)
            {
                var subject = subjects[i % subjects.Length];
                var (files, what) = damage(subject, new Random(unchecked((seed * 1_000_003) + i)));
                counts += await opener.TryAsync(subject, files, what, mayLack);
            }

            Report(kind, counts);
            return counts;
        }

        void Report(string kind, DamageCounts counts) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{kind,-32} tried={counts.Tried} noticed={counts.Noticed} harmless={counts.Harmless} stated={counts.Stated} missed={counts.Missed}"));
    }

    /// <summary>Opens damaged logs at one path, and judges what comes of it.</summary>
    private sealed partial class Opener(string path, TextWriter output)
    {
        public async Task<DamageCounts> TryAsync(Subject subject, LogFileSet files, string what, int mayLack = 0)
        {
            files.Write(path);
            string? wrong;
            try
            {
                await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = path });
                var opened = await log.OpenAsync(new RandomIdSource());
                wrong = await subject.CompareAsync(log, opened);
                if (wrong is null)
                    return new DamageCounts(1, 0, 1, 0, 0);
                if (mayLack > 0 && await subject.CompareAsync(log, opened, mayLack) is null)
                    return new DamageCounts(1, 0, 0, 1, 0);
            }
            catch (LogRefusedException refused)
            {
                if (Names().IsMatch(refused.Message))
                    return new DamageCounts(1, 1, 0, 0, 0);
                wrong = $"refused without a name: {refused.Message}";
            }
#pragma warning disable CA1031 // Whatever else comes is a finding, and the run goes on.
            catch (Exception unexpected)
#pragma warning restore CA1031
            {
                wrong = unexpected.ToString();
            }

            output.WriteLine($"MISSED: {subject.Name}: {what}: {wrong}");
            return new DamageCounts(1, 0, 0, 0, 1);
        }

        /// <summary>A record, a frame or a file.</summary>
        [GeneratedRegex(@"[Rr]ecord \d+|Frame \d+|coordinator\.db")]
        private static partial Regex Names();
    }
}
