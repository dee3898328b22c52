using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using static Coordinator.Log.Tests.Records;

namespace Coordinator.Log.Tests;

public sealed class RecordCodecTests
{
    private static readonly TransactionId Transaction = TransactionId.Parse("k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef");

    /// <summary>
    /// One record for each golden file. The files are what releases have written: they are never changed, only added to.
    /// </summary>
    private static readonly Dictionary<string, LogRecord> Golden = new()
    {
        ["epoch-1"] = new EpochRecord(Transaction.Cluster, Transaction.Epoch, Noon),
        ["decision-1-commit"] = new DecisionRecord(
            Transaction, Decision.Commit, "order 45", "order-45", [new(Branch("inventory"), "1234/56"), new(Branch("billing"), Evidence: null)], Reason: null, Noon),
        ["decision-1-abort"] = new DecisionRecord(Transaction, Decision.Abort, "", IdempotencyKey: null, [], "billing: Konto gesperrt ✗", Noon),
        ["decision-2-commit"] = new DecisionRecord(
            Transaction, Decision.Commit, "order 45", "order-45", [new(Branch("inventory"), "1234/56"), new(Branch("billing"), Evidence: null)], Reason: null, Noon)
        {
            DecidedIn = ActivityContext.Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", traceState: null),
        },
        ["end-1"] = new EndRecord(Transaction, Noon),
        ["participant-1"] = new ParticipantRecord("inventory", Resource, Noon),
        ["participant-removed-1"] = new ParticipantRemovedRecord("inventory", "decommissioned", Noon),
        ["heuristic-1"] = new HeuristicRecord(new BranchId(Transaction, Branch("billing")), Decision.Commit, BranchOutcome.RolledBack, "rolled back by hand", Noon),
        ["forgotten-1"] = new ForgottenRecord(Transaction, "money was moved by hand", Noon),
        ["resolved-1-branch"] = new ResolvedRecord(Transaction, Branch("billing"), Decision.Commit, "by hand", Noon),
        ["resolved-1-transaction"] = new ResolvedRecord(Transaction, Branch: null, Decision.Abort, "by hand", Noon),
        ["horizon-1"] = new HorizonRecord(new Horizon(12, 45), Noon),
        ["restored-1"] = new RestoredRecord(12, "from the nightly backup", Noon),
    };

    /// <summary>The beginnings of the golden records' SHA-256. A line is added with a file; none is ever changed or removed.</summary>
    private static readonly Dictionary<string, string> Released = new()
    {
        ["decision-1-abort"] = "64D4CA652A65E94C",
        ["decision-1-commit"] = "A74F6E6C12E2747F",
        ["decision-2-commit"] = "80075C34644B610F",
        ["end-1"] = "DCDD4FCB09CEB88F",
        ["epoch-1"] = "D10876EAE2785950",
        ["forgotten-1"] = "11408C1C6F893E48",
        ["heuristic-1"] = "F9D8734F3E291943",
        ["horizon-1"] = "36B6A485B9B4F0B2",
        ["participant-1"] = "018386A240EE9A82",
        ["participant-removed-1"] = "1D38625FCBDB76E0",
        ["resolved-1-branch"] = "FB21F003B655AFAB",
        ["resolved-1-transaction"] = "74C3EB685571144A",
        ["restored-1"] = "4B250DC3BBF427B6",
    };

    public static TheoryData<string> GoldenNames => [.. Golden.Keys];

    [Theory]
    [MemberData(nameof(GoldenNames))]
    public void Golden_IsWrittenAndReadAsEver(string name)
    {
        var golden = ReadGolden(name);

        Assert.Equal(golden, RecordCodec.Encode(Golden[name]));
        AssertSame(Golden[name], RecordCodec.Decode(golden, position: 1));
    }

    [Fact]
    public void Golden_EveryFileIsChecked() => Assert.Equal(
        Golden.Keys.Order(),
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Golden"), "*.hex").Select(Path.GetFileNameWithoutExtension).Order());

    [Fact]
    public void Golden_OnlyGrows() => Assert.Equal(
        Released.OrderBy(pair => pair.Key, StringComparer.Ordinal),
        Golden.Keys.Order(StringComparer.Ordinal).Select(name => KeyValuePair.Create(name, Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(ReadGolden(name)))[..16])));

    [Fact]
    public void Golden_EveryKindHasOne() => Assert.Equal(
        Enum.GetValues<RecordKind>(), Golden.Keys.Select(name => (RecordKind)ReadGolden(name)[0]).Distinct().Order());

    [Fact]
    public void Kinds_AreFrozen() => Assert.Equal(
        "Epoch=1 Decision=2 End=3 Participant=4 ParticipantRemoved=5 Heuristic=6 Forgotten=7 Resolved=8 Horizon=9 Restored=10",
        string.Join(' ', Enum.GetValues<RecordKind>().Select(kind => $"{kind}={(int)kind}")));

    [Fact]
    public void Decode_NewerVersionOfAKind_IsRefusedNamingTheRecord()
    {
        var body = RecordCodec.Encode(Golden["end-1"]);
        body[1] = 2;
        var refused = Assert.Throws<LogRefusedException>(() => RecordCodec.Decode(body, position: 77));
        Assert.Contains("Record 77", refused.Message, StringComparison.Ordinal);
        Assert.Contains("newer release", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_UnknownKind_IsRefusedNamingTheRecord()
    {
        var refused = Assert.Throws<LogRefusedException>(() => RecordCodec.Decode([99, 1, 0, 0], position: 78));
        Assert.Contains("Record 78", refused.Message, StringComparison.Ordinal);
        Assert.Contains("kind 99", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_AnyPrefixOfARecord_IsRefused()
    {
        foreach (var record in Golden.Values)
        {
            var body = RecordCodec.Encode(record);
            for (var length = 0; length < body.Length; length++)
                Assert.Throws<LogRefusedException>(() => RecordCodec.Decode(body.AsSpan(0, length), position: 1));
            Assert.Throws<LogRefusedException>(() => RecordCodec.Decode([.. body, 0], position: 1));
        }
    }

    [Fact]
    public void Decode_DamagedBytes_AreRefusedOrAnotherValidRecord()
    {
        var random = new Random(20260102);
        var bodies = Golden.Values.Select(RecordCodec.Encode).ToArray();
        for (var i = 0; i < 50_000; i++)
        {
            var body = (byte[])bodies[random.Next(bodies.Length)].Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            ReadsOrRefuses(body);
        }
    }

    [Fact]
    public void Decode_RandomBytes_AreRefusedOrAValidRecord() =>
        Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(body =>
        {
            ReadsOrRefuses(body);
            ReadsOrRefuses([(byte)(body.Length % 11), 1, .. body]);
        }));

    [Fact]
    public void Decision_RoundTrips() =>
        Check.QuickThrowOnFailure(Prop.ForAll<(NonNull<string> Name, string? Key, byte Branches)>(drawn =>
        {
            var decision = new DecisionRecord(
                Transaction,
                drawn.Branches % 3 == 0 ? Decision.Commit : Decision.Abort,
                Printable(drawn.Name.Get),
                drawn.Key is null ? null : Printable(drawn.Key),
                [.. Enumerable.Range(0, drawn.Branches).Select(i => new DecidedBranch(Branch($"p{i}"), i % 2 == 0 ? null : $"{i}"))],
                drawn.Branches % 2 == 0 ? null : "why",
                Noon);
            var again = (DecisionRecord)RecordCodec.Decode(RecordCodec.Encode(decision), position: 1);
            Assert.Equal(decision.Branches, again.Branches);
            Assert.Equal(decision with { Branches = again.Branches }, again);
        }));

    [Fact]
    public void Decision_KeepsItsTrace()
    {
        var golden = (DecisionRecord)Golden["decision-2-commit"];
        var again = (DecisionRecord)RecordCodec.Decode(RecordCodec.Encode(golden), position: 1);
        Assert.Equal(golden.DecidedIn!.Value.TraceId, again.DecidedIn!.Value.TraceId);
        Assert.Equal(golden.DecidedIn!.Value.SpanId, again.DecidedIn!.Value.SpanId);
        Assert.Equal(ActivityTraceFlags.Recorded, again.DecidedIn!.Value.TraceFlags);
    }

    [Fact]
    public void Encode_TextForPeopleAboveTheLimit_IsCutAtACharacter()
    {
        for (var shift = 0; shift < 4; shift++)
        {
            var tooLong = new string('x', shift) + string.Concat(Enumerable.Repeat("🙂", 600));
            var again = (ForgottenRecord)RecordCodec.Decode(RecordCodec.Encode(new ForgottenRecord(Transaction, tooLong, Noon)), position: 1);
            Assert.EndsWith("🙂…", again.Reason, StringComparison.Ordinal);
            Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(again.Reason), RecordLimits.MaxPeopleTextBytes - 6, RecordLimits.MaxPeopleTextBytes);
        }
    }

    [Fact]
    public void Encode_KeyThatIsNoUnicodeOrTooLong_IsMisuse()
    {
        Assert.ThrowsAny<ArgumentException>(() => RecordCodec.Encode(WithKey("\uD83D")));
        Assert.ThrowsAny<ArgumentException>(() => RecordCodec.Encode(WithKey(new string('k', RecordLimits.MaxTextBytes + 1))));
        RecordCodec.Encode(WithKey(new string('k', RecordLimits.MaxTextBytes)));
    }

    [Fact]
    public void Encode_TooManyBranches_IsMisuse() => Assert.Throws<ArgumentException>(() => RecordCodec.Encode(
        WithKey("k") with { Branches = [.. Enumerable.Range(0, RecordLimits.MaxBranches + 1).Select(i => new DecidedBranch(Branch($"p{i}"), Evidence: null))] }));

    [Fact]
    public void Text_OfEveryRecord_IsOneLine()
    {
        foreach (var record in Golden.Values.Append(new ForgottenRecord(Transaction, "two\nlines\u001b[2J", Noon)))
            Assert.DoesNotContain(RecordText.Of(record), char.IsControl);
    }

    private static byte[] ReadGolden(string name) =>
        Convert.FromHexString(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", name + ".hex")).Trim());

    /// <summary>Without the unpaired surrogates that FsCheck likes and a key may not have.</summary>
    private static string Printable(string key) => string.Concat(key.Where(c => !char.IsSurrogate(c)));

    private static DecisionRecord WithKey(string key) => new(Transaction, Decision.Commit, "", key, [], Reason: null, Noon);

    private static void ReadsOrRefuses(byte[] body)
    {
        try
        {
            // What reads must be writable again: no half-valid record comes out of damage.
            RecordCodec.Encode(RecordCodec.Decode(body, position: 1));
        }
        catch (LogRefusedException refused)
        {
            Assert.Contains("Record 1 ", refused.Message, StringComparison.Ordinal);
        }
    }
}
