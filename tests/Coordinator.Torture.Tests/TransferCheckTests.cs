using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Coordinator.Torture.Checks;
using Coordinator.Torture.Clients;

namespace Coordinator.Torture.Tests;

/// <summary>What is broken is found, whichever way, and what is right is not called broken.</summary>
public class TransferCheckTests
{
    private const int Both = 0b011;
    private static readonly LedgerRow[] Nothing = [];
    private static readonly LedgerRow[] Whole = [new(DatabaseKind.Postgres, 1, -5, Both), new(DatabaseKind.MariaDb, 2, 5, Both)];
    private static readonly LedgerRow[] Half = [Whole[0]];

    [Fact]
    public void Judge_InOneDatabaseOnly_IsASplit() =>
        Assert.Equal(Broken.Split, Judge(RecordOf(Said.Asked, Said.Committed), Half, Outcome.Committed));

    [Fact]
    public void Judge_SplitThatNobodyWasToldOf_IsASplit() =>
        Assert.Equal(Broken.Split, Judge(RecordOf(Said.Asked), Half, Outcome.Unknown));

    [Fact]
    public void Judge_ChangesThatDoNotAddUp_IsASplit() =>
        Assert.Equal(Broken.Split, Judge(RecordOf(Said.Asked), [Whole[0], Whole[1] with { Delta = 4 }], Outcome.Committed));

    [Fact]
    public void Judge_AcknowledgedCommitThatIsNowhere_IsLost() =>
        Assert.Equal(Broken.Lost, Judge(RecordOf(Said.Asked, Said.Committed), Nothing, Outcome.Unknown));

    [Fact]
    public void Judge_AcknowledgedAbortThatIsThere_IsLost() =>
        Assert.Equal(Broken.Lost, Judge(RecordOf(Said.Asked, Said.NotCommitted), Whole, Outcome.Committed));

    /// <summary>Only a commit in one phase on PostgreSQL may stay unproven; anything else of the kind is a finding.</summary>
    [Theory]
    [InlineData("COMMIT", "UNKNOWN", new[] { DatabaseKind.Postgres }, true)]
    [InlineData("COMMIT", "UNKNOWN", new[] { DatabaseKind.MariaDb }, false)]
    [InlineData("COMMIT", "UNKNOWN", new[] { DatabaseKind.Postgres, DatabaseKind.MariaDb }, false)]
    [InlineData("COMMIT", "UNKNOWN", new DatabaseKind[0], false)]
    [InlineData("COMMIT", "ROLLED_BACK", new[] { DatabaseKind.Postgres }, false)]
    [InlineData("ABORT", "UNKNOWN", new[] { DatabaseKind.Postgres }, false)]
    public void IsUnproven_OnlyOneKind(string decided, string found, DatabaseKind[] touched, bool expected) => Assert.Equal(
        expected,
        UnprovenCommits.IsUnproven(new Heuristic { Decided = decided, Found = found }, touched.Aggregate(0, (set, kind) => set | Bank.Bit(kind))));

    [Fact]
    public void Judge_ToldBoth_IsLost() =>
        Assert.Equal(Broken.Lost, Judge(RecordOf(Said.Asked, Said.NotCommitted, Said.Committed), Whole, Outcome.Committed));

    [Fact]
    public void Judge_CommitThatNobodyAskedFor_IsLost() =>
        Assert.Equal(Broken.Lost, Judge(RecordOf(), Whole, Outcome.Committed));

    [Fact]
    public void Judge_HeuristicOutcomeTold_IsLost() =>
        Assert.Equal(Broken.Lost, Judge(RecordOf(Said.Asked, Said.Heuristic), Whole, Outcome.Committed));

    [Theory]
    [InlineData(Outcome.Aborted, true)]
    [InlineData(Outcome.Committed, false)]
    [InlineData(Outcome.Unknown, true)]
    [InlineData(Outcome.HeuristicMixed, true)]
    [InlineData(Outcome.HeuristicHazard, false)]
    public void Judge_CoordinatorSaysOtherwise_IsLost(Outcome outcome, bool committed) =>
        Assert.Equal(Broken.Lost, Judge(RecordOf(Said.Asked), committed ? Whole : Nothing, outcome));

    [Theory]
    [InlineData(Outcome.InDoubt)]
    [InlineData(Outcome.Unspecified)]
    public void Judge_NoOutcomeAtRest_IsUnsettled(Outcome outcome) =>
        Assert.Equal(Broken.Unsettled, Judge(RecordOf(Said.Asked), Whole, outcome));

    [Fact]
    public void Judge_DrillThatEndedTheOtherWay_IsLost()
    {
        Assert.Equal(Broken.Lost, Judge(RecordOf(Purpose.DrillPrepared, Said.Asked), Whole, Outcome.Committed, reached: true));
        Assert.Equal(Broken.Lost, Judge(RecordOf(Purpose.DrillDecided, Said.Asked), Nothing, Outcome.Unknown, reached: true));
        Assert.Null(Judge(RecordOf(Purpose.DrillDecided, Said.Asked), Nothing, Outcome.Unknown, reached: false));
    }

    /// <summary>The client was killed after it asked: either end is right.</summary>
    [Fact]
    public void Judge_Undetermined_MayHaveEndedEitherWay()
    {
        Assert.Null(Judge(RecordOf(Said.Asked), Whole, Outcome.Committed));
        Assert.Null(Judge(RecordOf(Said.Asked), Nothing, Outcome.Unknown));
        Assert.Null(Judge(RecordOf(Said.Asked, Said.InDoubt, Said.Committed), Whole, Outcome.Committed));
    }

    /// <summary>A commit in one phase leaves no record once the coordinator was killed (R13).</summary>
    [Fact]
    public void Judge_OnePhaseCommitWithoutARecord_IsRight()
    {
        var begun = new ReportEntry(DateTimeOffset.UnixEpoch, Said.Begun, "t", Purpose.Commit, 0b001, 0);
        var record = new TransactionRecord(begun) { Asked = true };
        LedgerRow[] rows = [new(DatabaseKind.Postgres, 1, -5, 0b001), new(DatabaseKind.Postgres, 2, 5, 0b001)];

        Assert.Null(TransferCheck.Judge(record, rows, Outcome.Unknown, reachedDrill: false));
    }

    private static Broken? Judge(TransactionRecord record, LedgerRow[] rows, Outcome outcome, bool reached = false) =>
        TransferCheck.Judge(record, rows, outcome, reached)?.Broken;

    private static TransactionRecord RecordOf(params Said[] said) => RecordOf(Purpose.Commit, said);

    private static TransactionRecord RecordOf(Purpose purpose, params Said[] said)
    {
        var record = new TransactionRecord(new ReportEntry(DateTimeOffset.UnixEpoch, Said.Begun, "t", purpose, Both, 0)) { Asked = said.Length > 0 };
        record.Entries.AddRange(said.Select(word => new ReportEntry(DateTimeOffset.UnixEpoch, word, "t", purpose, Both, 0)));
        return record;
    }
}
