using System.Collections.Concurrent;
using System.Threading.Channels;
using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Server.Tests;

/// <summary>A participant that speaks the raw attach stream and answers as its script says; by default as a good one would.</summary>
internal sealed class ScriptedParticipant : IAsyncDisposable
{
    private readonly AsyncDuplexStreamingCall<ParticipantFrame, CoordinatorFrame> _call;
    private readonly Channel<CoordinatorMessage> _others = Channel.CreateUnbounded<CoordinatorMessage>();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private Task _reading = Task.CompletedTask;
    private ulong _enlistId;

    private ScriptedParticipant(AsyncDuplexStreamingCall<ParticipantFrame, CoordinatorFrame> call) => _call = call;

    public Registered Registered { get; private set; } = null!;

    /// <summary>All commands so far, in order.</summary>
    public ConcurrentQueue<Command> Commands { get; } = new();

    /// <summary>What is answered to a command; null: nothing.</summary>
    public Func<Command, Answer?> Script { get; set; } = Agree;

    /// <summary>Ends when the stream has; faulted with its status.</summary>
    public Task Ended => _reading;

    public static Register Registration(string name = "inventory", string instance = "4f7c01ab") => new()
    {
        Name = name,
        Instance = instance,
        Resource = new Contracts.V1.ResourceIdentity { Kind = Contracts.V1.ResourceKind.Postgres, Server = "7301", Database = name, Row = "r1" },
        ServerStart = "s1",
        ServerVersion = "PostgreSQL 17",
        MaxBranches = 100,
        SqlAddress = "http://127.0.0.1:7080",
    };

    public static ScriptedParticipant Open(TestServer server) => new(server.Participants.Attach());

    public static Task<ScriptedParticipant> AttachAsync(TestServer server, Register register) => AttachAsync(Open(server), register);

    public static Task<ScriptedParticipant> AttachAsync(ChannelBase channel, Register register) =>
        AttachAsync(new ScriptedParticipant(new ParticipantService.ParticipantServiceClient(channel).Attach()), register);

    private static async Task<ScriptedParticipant> AttachAsync(ScriptedParticipant participant, Register register)
    {
        await participant.TrySendAsync(new ParticipantMessage { Register = register });
        await participant.StartReadingAsync();
        return participant;
    }

    /// <summary>Reads the first frame, which must begin with Registered, and goes on reading in the background.</summary>
    public async Task StartReadingAsync()
    {
        Assert.True(await _call.ResponseStream.MoveNext(CancellationToken.None));
        var first = _call.ResponseStream.Current;
        Registered = first.Messages[0].Registered;
        Assert.NotNull(Registered);
        _reading = ReadAllAsync(first.Messages.Skip(1));
    }

    public async Task SendAsync(params ParticipantMessage[] messages)
    {
        await _sending.WaitAsync();
        try
        {
            await _call.RequestStream.WriteAsync(new ParticipantFrame { Messages = { messages } });
        }
        finally
        {
            _sending.Release();
        }
    }

    public async Task<EnlistReply> EnlistAsync(string transactionId, string branch)
    {
        await SendAsync(new ParticipantMessage { Enlist = new Enlist { EnlistId = ++_enlistId, TransactionId = transactionId, Branch = branch } });
        return (await NextAsync(message => message.EnlistReply is not null)).EnlistReply;
    }

    /// <summary>The next message that is no command and matches.</summary>
    public async Task<CoordinatorMessage> NextAsync(Func<CoordinatorMessage, bool> matches)
    {
        using var limit = new CancellationTokenSource(TestServer.Limit);
        while (true)
        {
            var message = await _others.Reader.ReadAsync(limit.Token);
            if (matches(message))
                return message;
        }
    }

    /// <summary>Ends the stream in order, after the answer that is being sent.</summary>
    public async Task CompleteAsync()
    {
        await _sending.WaitAsync();
        try
        {
            await _call.RequestStream.CompleteAsync();
        }
        finally
        {
            _sending.Release();
        }
    }

    public static Answer? Agree(Command command) => command.CommandCase switch
    {
        Command.CommandOneofCase.Prepare => new Answer { Vote = new VoteAnswer { Vote = VoteAnswer.Types.Vote.Prepared, Evidence = "e1" } },
        Command.CommandOneofCase.CommitOnePhase or Command.CommandOneofCase.Commit => Report(Contracts.V1.BranchReport.Types.BranchOutcome.Committed),
        Command.CommandOneofCase.Rollback or Command.CommandOneofCase.FindOutcome => Report(Contracts.V1.BranchReport.Types.BranchOutcome.RolledBack),
        Command.CommandOneofCase.ListPrepared => new Answer { Scan = new Contracts.V1.PreparedScan { ServerStart = "s1" } },
        _ => new Answer { Done = new Done() },
    };

    public static Answer Report(Contracts.V1.BranchReport.Types.BranchOutcome outcome) =>
        new() { Report = new Contracts.V1.BranchReport { Outcome = outcome } };

    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _reading.ContinueWith(_ => { }, TaskScheduler.Default);
        _sending.Dispose();
    }

    private async Task ReadAllAsync(IEnumerable<CoordinatorMessage> rest)
    {
        foreach (var message in rest)
            await ReceiveAsync(message);
        while (await _call.ResponseStream.MoveNext(CancellationToken.None))
        {
            foreach (var message in _call.ResponseStream.Current.Messages)
                await ReceiveAsync(message);
        }
    }

    private async Task ReceiveAsync(CoordinatorMessage message)
    {
        if (message.Command is not { } command)
        {
            _others.Writer.TryWrite(message);
            return;
        }

        Commands.Enqueue(command);
        if (Script(command) is not { } answer)
            return;
        // An answer whose script has not said which command it is for, is for this one.
        if (answer.CommandId == 0)
            answer.CommandId = command.CommandId;
        await TrySendAsync(new ParticipantMessage { Answer = answer });
    }

    // A stream that the server has ended refuses writes; why it ended, the next read tells.
    private async Task TrySendAsync(ParticipantMessage message)
    {
        try
        {
            await SendAsync(message);
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // Left to the read.
        }
    }
}
