using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Coordinator.Contracts.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.Participant.Tests.Fakes;

/// <summary>A coordinator's side of the attach stream over real gRPC on loopback, driven by the test.</summary>
internal sealed class FakeCoordinator : ParticipantService.ParticipantServiceBase, IAsyncDisposable
{
    private readonly Channel<FakeStream> _streams = Channel.CreateUnbounded<FakeStream>();
    private WebApplication? _app;

    public Uri Address { get; private set; } = null!;

    public Registered Registered { get; set; } = new()
    {
        Cluster = Ids.Cluster.Value,
        Epoch = Ids.Epoch.ToString(),
        KeepAliveInterval = Duration.FromTimeSpan(TimeSpan.FromSeconds(5)),
    };

    /// <summary>What Attach throws instead of serving, if set.</summary>
    public Func<RpcException>? Refuse { get; set; }

    /// <summary>How enlistments are answered; null: not at all.</summary>
    public Func<Enlist, EnlistReply?> OnEnlist { get; set; } = enlist => new EnlistReply
    {
        EnlistId = enlist.EnlistId,
        Remaining = Duration.FromTimeSpan(TimeSpan.FromSeconds(30)),
    };

    public int Attempts;

    public static async Task<FakeCoordinator> StartAsync()
    {
        var coordinator = new FakeCoordinator();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(coordinator);
        coordinator._app = builder.Build();
        coordinator._app.MapGrpcService<FakeCoordinator>();
        await coordinator._app.StartAsync();
        var addresses = coordinator._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        coordinator.Address = new Uri(addresses.Addresses.Single());
        return coordinator;
    }

    /// <summary>The next participant that registers.</summary>
    public async Task<FakeStream> NextStreamAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return await _streams.Reader.ReadAsync(limit.Token);
    }

    public override async Task Attach(
        IAsyncStreamReader<ParticipantFrame> requestStream,
        IServerStreamWriter<CoordinatorFrame> responseStream,
        ServerCallContext context)
    {
        Interlocked.Increment(ref Attempts);
        if (Refuse is { } refuse)
            throw refuse();
        var stream = new FakeStream(this, responseStream, Registered.Clone());
        await stream.RunAsync(requestStream, _streams.Writer, context.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _app!.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
    }
}

/// <summary>One attached participant.</summary>
internal sealed class FakeStream(
    FakeCoordinator coordinator, IServerStreamWriter<CoordinatorFrame> responses, Registered registered)
{
    private readonly SemaphoreSlim _writing = new(1);
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<Answer>> _pending = [];
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastCommand;
    private volatile bool _mute;

    public Register Register { get; private set; } = null!;

    public int KeepAlives;

    public int Frames;

    public ConcurrentQueue<ResourceRestarted> Restarts { get; } = [];

    public async Task RunAsync(
        IAsyncStreamReader<ParticipantFrame> requests, ChannelWriter<FakeStream> streams, CancellationToken cancellationToken)
    {
        var reading = ReadAsync(requests, streams, cancellationToken);
        await await Task.WhenAny(reading, _end.Task);
    }

    /// <summary>Ends the stream in order.</summary>
    public void End() => _end.TrySetResult();

    /// <summary>Sends nothing more, and stays.</summary>
    public void Mute() => _mute = true;

    /// <summary>Ends the stream with a status.</summary>
    public void Fail(RpcException failure) => _end.TrySetException(failure);

    public Task<Answer> SendAsync(Action<Command> fill) => SendAsync(Ids.Epoch, fill);

    public async Task<Answer> SendAsync(Epoch epoch, Action<Command> fill)
    {
        var command = new Command { CommandId = (ulong)Interlocked.Increment(ref _lastCommand), Epoch = epoch.ToString() };
        fill(command);
        var answer = new TaskCompletionSource<Answer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[command.CommandId] = answer;
        await WriteAsync(new CoordinatorMessage { Command = command });
        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async Task WriteAsync(params CoordinatorMessage[] messages)
    {
        await _writing.WaitAsync();
        try
        {
            await responses.WriteAsync(new CoordinatorFrame { Messages = { messages } });
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync(
        IAsyncStreamReader<ParticipantFrame> requests, ChannelWriter<FakeStream> streams, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken))
        {
            Interlocked.Increment(ref Frames);
            foreach (var message in requests.Current.Messages)
                await HandleAsync(message, streams);
        }
    }

    private async Task HandleAsync(ParticipantMessage message, ChannelWriter<FakeStream> streams)
    {
        switch (message.MessageCase)
        {
            case ParticipantMessage.MessageOneofCase.Register:
                Register = message.Register;
                await WriteAsync(new CoordinatorMessage { Registered = registered });
                await streams.WriteAsync(this);
                break;
            case ParticipantMessage.MessageOneofCase.Enlist when coordinator.OnEnlist(message.Enlist) is { } reply:
                await WriteAsync(new CoordinatorMessage { EnlistReply = reply });
                break;
            case ParticipantMessage.MessageOneofCase.Answer:
                if (_pending.TryRemove(message.Answer.CommandId, out var waiting))
                    waiting.SetResult(message.Answer);
                break;
            case ParticipantMessage.MessageOneofCase.KeepAlive:
                Interlocked.Increment(ref KeepAlives);
                if (_mute)
                    break;
                await WriteAsync(new CoordinatorMessage { KeepAlive = new KeepAlive() });
                break;
            case ParticipantMessage.MessageOneofCase.ResourceRestarted:
                Restarts.Enqueue(message.ResourceRestarted);
                break;
        }
    }
}
