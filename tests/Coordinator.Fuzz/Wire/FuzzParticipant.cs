using Coordinator.Contracts.V1;
using Coordinator.Fuzz.Generate;
using Google.Protobuf;
using Grpc.Net.Client;

namespace Coordinator.Fuzz.Wire;

/// <summary>An attach stream whose frames are any bytes. It answers commands as its script says, which may lie.</summary>
internal sealed class FuzzParticipant : FuzzStream
{
    private readonly Func<Command, Answer?> _script;

    public FuzzParticipant(GrpcChannel channel, Func<Command, Answer?> script)
        : base(channel, Contract.Attach)
    {
        _script = script;
        Start();
    }

    public Task SendAsync(params ParticipantMessage[] messages) => SendAsync(new ParticipantFrame { Messages = { messages } }.ToByteArray());

    protected override async Task ReceiveAsync(byte[] frame)
    {
        foreach (var message in CoordinatorFrame.Parser.ParseFrom(frame).Messages)
        {
            if (message.Registered is not null)
                Accepted();
            if (message.Command is not { } command || _script(command) is not { } answer)
                continue;
            if (answer.CommandId == 0)
                answer.CommandId = command.CommandId;
            await SendAsync(new ParticipantMessage { Answer = answer });
        }
    }
}
