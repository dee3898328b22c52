using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Fuzz.Generate;

/// <summary>
/// Makes a message from its descriptor alone. Fields have values that fit their names, or hostile ones; how often, is
/// drawn for each message, so that some are right but for one field and others wrong throughout.
/// </summary>
internal sealed class MessageMaker(Pool pool)
{
    private const int MaxDepth = 6;
    private double _hostility;

    private Random Random => pool.Random;

    public IMessage Make(MessageDescriptor descriptor)
    {
        _hostility = pool.Pick([0, 0, 0.05, 0.15, 0.5, 1.0]);
        return Fill(descriptor, MaxDepth);
    }

    private IMessage Fill(MessageDescriptor descriptor, int depth)
    {
        var message = descriptor.Parser.ParseFrom([]);
        if (message is Duration && !IsHostile())
            return Duration.FromTimeSpan(TimeSpan.FromMilliseconds(Random.Next(1, 2_000)));
        if (message is Timestamp && !IsHostile())
            return Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddSeconds(Random.Next(int.MaxValue)));
        foreach (var oneof in descriptor.Oneofs)
        {
            if (!IsHostile())
                SetField(message, pool.Pick([.. oneof.Fields]), depth);
        }

        foreach (var field in descriptor.Fields.InFieldNumberOrder())
        {
            if (field.ContainingOneof is null && (IsHostile() || Random.Next(8) != 0))
                SetField(message, field, depth);
        }

        return message;
    }

    private void SetField(IMessage message, FieldDescriptor field, int depth)
    {
        if (field.FieldType == FieldType.Message && depth == 0)
            return;
        if (field.IsMap)
        {
            var map = (IDictionary)field.Accessor.GetValue(message);
            var entry = field.MessageType.Fields;
            for (var i = Random.Next(4); i > 0; i--)
                map[Value(entry[1], depth - 1)] = Value(entry[2], depth - 1);
        }
        else if (field.IsRepeated)
        {
            var list = (IList)field.Accessor.GetValue(message);
            for (var i = IsHostile() && Random.Next(20) == 0 ? Random.Next(5_000) >> (2 * (MaxDepth - depth)) : Random.Next(3); i > 0; i--)
                list.Add(Value(field, depth));
        }
        else
        {
            field.Accessor.SetValue(message, Value(field, depth));
        }
    }

    private object Value(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.Message => Fill(field.MessageType, depth - 1),
        FieldType.String => Text(field.Name),
        FieldType.Bytes => ByteString.CopyFrom(Bytes(Random.Next(IsHostile() ? 5_000 : 20))),
        FieldType.Enum => System.Enum.ToObject(field.EnumType.ClrType, IsHostile() ? unchecked((int)HostileValues.Number(Random)) : pool.Pick(field.EnumType.Values.ToList()).Number),
        FieldType.Bool => Random.Next(2) == 0,
        FieldType.Double => pool.Pick([0, -0.0, 1.5, double.NaN, double.PositiveInfinity, double.MaxValue, double.Epsilon]),
        FieldType.Float => (float)Random.NextDouble(),
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => IsHostile() ? unchecked((int)HostileValues.Number(Random)) : Random.Next(1, 100),
        FieldType.UInt32 or FieldType.Fixed32 => unchecked((uint)HostileValues.Number(Random)),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => IsHostile() ? HostileValues.Number(Random) : Random.Next(1, 100),
        FieldType.UInt64 or FieldType.Fixed64 => IsHostile() ? unchecked((ulong)HostileValues.Number(Random)) : (ulong)Random.Next(1, 30),
        _ => throw new NotSupportedException($"{field.FullName} has a type that is not made yet: {field.FieldType}."),
    };

    private string Text(string field)
    {
        if (IsHostile())
            return HostileValues.Text(Random);
        return field switch
        {
            "transaction_id" => pool.Transaction(),
            "branch" or "branches" => Random.Next(10) == 0 ? "" : pool.Branch(),
            "sql" => HostileValues.Statement(Random),
            "name" => pool.Participant(),
            "instance" => pool.Instance(),
            "cluster" => pool.Cluster,
            "epoch" => pool.Epoch,
            "idempotency_key" => Random.Next(3) == 0 ? $"k{Random.Next(200)}" : "",
            "server" or "database" or "row" => "1",
            "sql_address" => "http://127.0.0.1:1",
            "decimal" => "-12.50",
            "date" => "2026-05-01",
            "uuid" => "00000000-0000-0000-0000-000000000001",
            "json" => "{}",
            "page_token" => Random.Next(2) == 0 ? "" : HostileValues.Text(Random),
            _ => "text",
        };
    }

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        Random.NextBytes(bytes);
        return bytes;
    }

    private bool IsHostile() => Random.NextDouble() < _hostility;
}
