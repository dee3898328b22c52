using System.Text;

namespace Grpc.Core;

/// <summary>Makes marshallers; generated code does so once for every message type.</summary>
public static class Marshallers
{
    /// <summary>UTF-8 text, for tests and trials.</summary>
    public static Marshaller<string> StringMarshaller => new(Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);

    public static Marshaller<T> Create<T>(Func<T, byte[]> serializer, Func<byte[], T> deserializer) =>
        new(serializer, deserializer);

    public static Marshaller<T> Create<T>(
        Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer) =>
        new(serializer, deserializer);
}
