using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a marshaller puts a message's bytes: all at once, or into a buffer writer.</summary>
public abstract class SerializationContext
{
    /// <summary>Hands over the whole message; the array then belongs to the transport.</summary>
    public virtual void Complete(byte[] payload) => throw new NotImplementedException();

    /// <summary>The writer to serialize into; call <see cref="Complete()"/> afterwards.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotImplementedException();

    /// <summary>Optionally tells the exact size in bytes before writing, which saves copies.</summary>
    public virtual void SetPayloadLength(int payloadLength)
    {
    }

    /// <summary>Ends a message that was written to the buffer writer.</summary>
    public virtual void Complete() => throw new NotImplementedException();
}
