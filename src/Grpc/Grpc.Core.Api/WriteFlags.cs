namespace Grpc.Core;

/// <summary>How a message is written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>The message may wait for the next one instead of being sent at once.</summary>
    BufferHint = 0x1,

    /// <summary>The message is not compressed, whatever the call's compression.</summary>
    NoCompress = 0x2,
}
