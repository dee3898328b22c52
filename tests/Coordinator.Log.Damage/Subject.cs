using System.Diagnostics;
using System.Globalization;

namespace Coordinator.Log.Damage;

/// <summary>The three files of a log, by what is appended to its path.</summary>
internal sealed record LogFileSet(IReadOnlyDictionary<string, byte[]> Contents)
{
    public static readonly IReadOnlyList<string> Names = ["", "-wal", ".mark"];

    /// <summary>Not by this process: closing any descriptor of a file drops the POSIX locks that SQLite holds on it.</summary>
    public static LogFileSet Read(string log)
    {
        var contents = new Dictionary<string, byte[]>();
        foreach (var name in Names)
        {
            var copy = log + ".copy";
            using var cp = Process.Start("cp", [log + name, copy]);
            cp.WaitForExit();
            if (cp.ExitCode != 0)
                throw new IOException($"{log}{name} could not be copied.");
            contents[name] = File.ReadAllBytes(copy);
            File.Delete(copy);
        }

        return new LogFileSet(contents);
    }

    public LogFileSet With(string name, byte[] content) =>
        new(new Dictionary<string, byte[]>(Contents) { [name] = content });

    public void Write(string log)
    {
        foreach (var (name, content) in Contents)
            File.WriteAllBytes(log + name, content);
    }
}

/// <summary>
/// A log with acknowledged records, its files as a killed process leaves them, and as they were half way. Each decision is
/// a batch of its own.
/// </summary>
internal sealed class Subject
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private readonly List<DecisionRecord> _decisions = [];
    private OpenedLog _opened = null!;

    private Subject(string name) => Name = name;

    public string Name { get; }

    public LogFileSet Half { get; private set; } = null!;

    public LogFileSet Files { get; private set; } = null!;

    /// <param name="name">For messages.</param>
    /// <param name="folder">An empty one.</param>
    /// <param name="checkpointPages">How soon the write-ahead file is copied back.</param>
    /// <param name="isTrimmed">Whether the log's beginning was trimmed.</param>
    /// <param name="isClosed">Whether the log was closed in order at last.</param>
    public static async Task<Subject> MakeAsync(string name, string folder, int checkpointPages, bool isTrimmed, bool isClosed)
    {
        var subject = new Subject(name);
        var path = Path.Combine(folder, "coordinator.db");
        var log = new SqliteTransactionLog(new SqliteLogOptions { Path = path, CheckpointPages = checkpointPages, LazyDelay = TimeSpan.FromHours(1) });
        await using (log)
        {
            subject._opened = await log.OpenAsync(new RandomIdSource());
            if (isTrimmed)
                await subject.TrimAsync(log);
            await log.AppendAsync(new ParticipantRecord("inventory", Resource, Noon), Durability.Forced);
            await subject.DecideAsync(log, 101, 125);
            subject.Half = LogFileSet.Read(path);
            await subject.DecideAsync(log, 126, 150);
            if (!isClosed)
                subject.Files = LogFileSet.Read(path);
        }

        if (isClosed)
            subject.Files = LogFileSet.Read(path);
        return subject;
    }

    /// <summary>Null if the log that was opened has everything that was acknowledged, unchanged.</summary>
    /// <param name="log">Open.</param>
    /// <param name="opened">What its opening found.</param>
    /// <param name="mayLack">How many of the newest decisions may be missing.</param>
    public async Task<string?> CompareAsync(SqliteTransactionLog log, OpenedLog opened, int mayLack = 0)
    {
        if (opened.Cluster != _opened.Cluster || opened.Epochs[0].Epoch != _opened.Epoch)
            return "another cluster or epoch";
        if (opened.Horizon != log.Horizon || (_decisions.Count > 0 && opened.Participants.Count != 1))
            return "the horizon or the participants differ";
        var lacking = _decisions.Count - opened.Unfinished.Count;
        if (lacking < 0 || lacking > mayLack)
            return $"{opened.Unfinished.Count} of {_decisions.Count} decisions";
        for (var i = 0; i < _decisions.Count - lacking; i++)
        {
            var expected = Tell(_decisions[i]);
            if (Tell(opened.Unfinished[i]) != expected)
                return $"decision {i} differs";
            if (Tell(await log.FindDecisionAsync(_decisions[i].Transaction)) != expected)
                return $"decision {i} is not found by its id";
            if (Tell(await log.FindByIdempotencyKeyAsync(_decisions[i].IdempotencyKey!)) != expected)
                return $"decision {i} is not found by its key";
        }

        return null;
    }

    private static ResourceIdentity Resource => new(ResourceKind.Postgres, "7300000000000000001", "shop", "9c1d2e3f4a5b6c7d");

    private static string Tell(DecisionRecord? decision) => decision is null
        ? ""
        : $"{RecordText.Of(decision)} {decision.At:O} {string.Join(' ', decision.Branches.Select(branch => branch.Evidence))}";

    private async Task TrimAsync(SqliteTransactionLog log)
    {
        for (var i = 1; i <= 10; i++)
        {
            var decision = Decision(i);
            await log.DecideAsync(decision);
            await log.AppendAsync(new EndRecord(decision.Transaction, Noon), Durability.Forced);
        }

        await log.TrimAsync(Noon.AddDays(1));
    }

    private async Task DecideAsync(SqliteTransactionLog log, int first, int last)
    {
        for (var i = first; i <= last; i++)
        {
            var decision = Decision(i);
            await log.DecideAsync(decision);
            _decisions.Add(decision);
        }
    }

    private DecisionRecord Decision(int sequence)
    {
        var id = TransactionId.Create(_opened.Cluster, _opened.Epoch, sequence, (ulong)sequence);
        var isAbort = sequence % 5 == 0;
        return new DecisionRecord(
            id,
            isAbort ? Engine.Decision.Abort : Engine.Decision.Commit,
            string.Create(CultureInfo.InvariantCulture, $"order {sequence}"),
            string.Create(CultureInfo.InvariantCulture, $"key-{sequence}"),
            [new DecidedBranch(new BranchName("inventory", "4f7c01ab"), "1234/56"), new DecidedBranch(new BranchName("billing", "4f7c01ab"), Evidence: null)],
            isAbort ? "a branch voted no" : null,
            Noon);
    }
}
