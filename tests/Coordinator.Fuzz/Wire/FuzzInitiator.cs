using System.Collections.Concurrent;
using Coordinator.Contracts.V1;
using Coordinator.Fuzz.Generate;
using Google.Protobuf;
using Grpc.Net.Client;

namespace Coordinator.Fuzz.Wire;

/// <summary>An initiator's stream whose frames are any bytes. It remembers the ids that it was given.</summary>
internal sealed class FuzzInitiator : FuzzStream
{
    public FuzzInitiator(GrpcChannel channel)
        : base(channel, Contract.Initiate) => Start();

    /// <summary>Reserved ids, to be taken out.</summary>
    public ConcurrentQueue<string> Ids { get; } = new();

    public Task SendAsync(params InitiatorMessage[] messages) => SendAsync(new InitiatorFrame { Messages = { messages } }.ToByteArray());

    protected override Task ReceiveAsync(byte[] frame)
    {
        foreach (var message in InitiatorReplyFrame.Parser.ParseFrom(frame).Messages)
        {
            if (message.Opened is not null)
                Accepted();
            foreach (var id in message.Reserved?.TransactionIds ?? [])
                Ids.Enqueue(id);
        }

        return Task.CompletedTask;
    }
}
