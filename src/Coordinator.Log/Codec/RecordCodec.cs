using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// A record's bytes: kind, version, fields. The kinds, their fields and their version history stand at
/// <see cref="RecordKind"/>. What a newer release wrote is refused, never guessed at.
/// </summary>
internal static class RecordCodec
{
    private const byte Version1 = 1;
    private const byte Version2 = 2;

    /// <exception cref="ArgumentException">A field is above its limit.</exception>
    public static byte[] Encode(LogRecord record)
    {
        var writer = new RecordWriter();
        writer.Byte((byte)KindOf(record));
        writer.Byte(VersionOf(record));
        writer.Time(record.At);
        WriteFields(writer, record);
        return writer.ToArray();
    }

    /// <exception cref="LogRefusedException">Not a record that this release can read; names <paramref name="position"/>.</exception>
    public static LogRecord Decode(ReadOnlySpan<byte> body, long position)
    {
        if (body.Length < 2)
            throw new LogRefusedException($"Record {position} of the log is damaged: it has {body.Length} bytes.");
        var kind = (RecordKind)body[0];
        if (!Enum.IsDefined(kind))
            throw new LogRefusedException($"Record {position} of the log is of the unknown kind {body[0]}: it was written by a newer release.");
        var version = body[1];
        // A release reads every version up to its own.
        if (version < Version1 || version > NewestOf(kind))
        {
            throw new LogRefusedException(
                $"Record {position} of the log is {kind} version {version}; this release reads version {NewestOf(kind)}: it was written by a newer release.");
        }

        try
        {
            var reader = new RecordReader(body[2..]);
            var record = ReadFields(kind, version, ref reader);
            reader.ExpectEnd();
            return record;
        }
        catch (FormatException e)
        {
            throw new LogRefusedException($"Record {position} of the log ({kind}) is damaged: {e.Message}.", e);
        }
    }

    private static byte VersionOf(LogRecord record) => record is DecisionRecord { DecidedIn: not null } ? Version2 : Version1;

    private static byte NewestOf(RecordKind kind) => kind == RecordKind.Decision ? Version2 : Version1;

    private static RecordKind KindOf(LogRecord record) => record switch
    {
        EpochRecord => RecordKind.Epoch,
        DecisionRecord => RecordKind.Decision,
        EndRecord => RecordKind.End,
        ParticipantRecord => RecordKind.Participant,
        ParticipantRemovedRecord => RecordKind.ParticipantRemoved,
        HeuristicRecord => RecordKind.Heuristic,
        ForgottenRecord => RecordKind.Forgotten,
        ResolvedRecord => RecordKind.Resolved,
        HorizonRecord => RecordKind.Horizon,
        RestoredRecord => RecordKind.Restored,
        _ => throw new ArgumentException($"{record.GetType().Name} has no kind: give it one, with a golden file.", nameof(record)),
    };

    private static void WriteFields(RecordWriter writer, LogRecord record)
    {
        switch (record)
        {
            case EpochRecord epoch:
                writer.Text(epoch.Cluster.Value, nameof(epoch.Cluster));
                writer.UInt32((uint)epoch.Epoch.Number);
                writer.UInt32(epoch.Epoch.Nonce);
                break;
            case DecisionRecord decision:
                WriteDecision(writer, decision);
                break;
            case EndRecord end:
                Write(writer, end.Transaction);
                break;
            case ParticipantRecord participant:
                writer.Text(participant.Name, nameof(participant.Name));
                writer.Byte((byte)participant.Resource.Kind);
                writer.Text(participant.Resource.Server, nameof(ResourceIdentity.Server));
                writer.Text(participant.Resource.Database, nameof(ResourceIdentity.Database));
                writer.Text(participant.Resource.Row, nameof(ResourceIdentity.Row));
                break;
            case ParticipantRemovedRecord removed:
                writer.Text(removed.Name, nameof(removed.Name));
                writer.PeopleText(removed.Reason);
                break;
            case HeuristicRecord heuristic:
                Write(writer, heuristic.Branch.Transaction);
                writer.Text(heuristic.Branch.Branch.ToString(), nameof(heuristic.Branch));
                writer.Byte((byte)heuristic.Decided);
                writer.Byte((byte)heuristic.Found);
                writer.PeopleText(heuristic.Detail);
                break;
            case ForgottenRecord forgotten:
                Write(writer, forgotten.Transaction);
                writer.PeopleText(forgotten.Reason);
                break;
            case ResolvedRecord resolved:
                Write(writer, resolved.Transaction);
                writer.OptionalText(resolved.Branch?.ToString(), nameof(resolved.Branch));
                writer.Byte((byte)resolved.Decision);
                writer.PeopleText(resolved.Reason);
                break;
            case HorizonRecord horizon:
                writer.UInt32((uint)horizon.Horizon.EpochNumber);
                writer.Int64(horizon.Horizon.Sequence);
                break;
            case RestoredRecord restored:
                writer.UInt32((uint)restored.EpochNumber);
                writer.PeopleText(restored.Reason);
                break;
        }
    }

    private static void WriteDecision(RecordWriter writer, DecisionRecord decision)
    {
        if (decision.Branches.Count > RecordLimits.MaxBranches)
        {
            throw new ArgumentException(
                $"A decision over {decision.Branches.Count} branches; a record has room for {RecordLimits.MaxBranches}.", nameof(decision));
        }

        Write(writer, decision.Transaction);
        writer.Byte((byte)decision.Decision);
        writer.PeopleText(decision.Name);
        writer.OptionalText(decision.IdempotencyKey, nameof(decision.IdempotencyKey));
        writer.OptionalPeopleText(decision.Reason);
        writer.Length(decision.Branches.Count);
        foreach (var branch in decision.Branches)
        {
            writer.Text(branch.Branch.ToString(), nameof(branch.Branch));
            writer.OptionalText(branch.Evidence, nameof(branch.Evidence));
        }

        if (decision.DecidedIn is { } trace)
            writer.Trace(trace);
    }

    private static void Write(RecordWriter writer, TransactionId transaction) => writer.Text(transaction.Value, nameof(transaction));

    private static LogRecord ReadFields(RecordKind kind, byte version, ref RecordReader reader)
    {
        var at = reader.Time();
        return kind switch
        {
            RecordKind.Epoch => new EpochRecord(ClusterId.Parse(reader.Text()), new Epoch(reader.EpochNumber(), reader.UInt32()), at),
            RecordKind.Decision => ReadDecision(version, ref reader, at),
            RecordKind.End => new EndRecord(ReadTransaction(ref reader), at),
            RecordKind.Participant => new ParticipantRecord(
                reader.Text(),
                new ResourceIdentity(reader.Enum<ResourceKind>(), reader.Text(), reader.Text(), reader.Text()),
                at),
            RecordKind.ParticipantRemoved => new ParticipantRemovedRecord(reader.Text(), reader.PeopleText(), at),
            RecordKind.Heuristic => new HeuristicRecord(
                new BranchId(ReadTransaction(ref reader), BranchName.Parse(reader.Text())),
                reader.Enum<Decision>(),
                reader.Enum<BranchOutcome>(),
                reader.PeopleText(),
                at),
            RecordKind.Forgotten => new ForgottenRecord(ReadTransaction(ref reader), reader.PeopleText(), at),
            RecordKind.Resolved => new ResolvedRecord(
                ReadTransaction(ref reader),
                reader.OptionalText() is { } branch ? BranchName.Parse(branch) : null,
                reader.Enum<Decision>(),
                reader.PeopleText(),
                at),
            RecordKind.Horizon => new HorizonRecord(new Horizon(reader.EpochNumber(), reader.Positive()), at),
            RecordKind.Restored => new RestoredRecord(reader.EpochNumber(), reader.PeopleText(), at),
            _ => throw new FormatException($"kind {kind} has no reader"),
        };
    }

    private static DecisionRecord ReadDecision(byte version, ref RecordReader reader, DateTimeOffset at)
    {
        var transaction = ReadTransaction(ref reader);
        var decision = reader.Enum<Decision>();
        var name = reader.PeopleText();
        var key = reader.OptionalText();
        var reason = reader.OptionalPeopleText();
        var branches = new DecidedBranch[reader.Length(RecordLimits.MaxBranches)];
        for (var i = 0; i < branches.Length; i++)
            branches[i] = new DecidedBranch(BranchName.Parse(reader.Text()), reader.OptionalText());
        return new DecisionRecord(transaction, decision, name, key, branches, reason, at)
        {
            DecidedIn = version < Version2 ? null : reader.Trace(),
        };
    }

    private static TransactionId ReadTransaction(ref RecordReader reader) => TransactionId.Parse(reader.Text());
}
