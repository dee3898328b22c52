using System.Globalization;
using Coordinator.Contracts.V1;
using Coordinator.Fuzz.Check;
using Coordinator.Fuzz.Generate;
using Coordinator.Fuzz.Wire;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Fuzz;

/// <summary>
/// Some calls in a row that are drawn from the seed and the episode's number alone: begins, participants that attach
/// and lie, and calls of every method with what the episode has learnt so far.
/// </summary>
internal sealed class Episode : IAsyncDisposable
{
    private const int Steps = 25, MaxParticipants = 2;
    private static readonly TimeSpan WatchLimit = TimeSpan.FromMilliseconds(50), StreamEndLimit = TimeSpan.FromSeconds(20);

    private readonly Target _target;
    private readonly RawCall _raw;
    private readonly Tally _tally;
    private readonly Action<string>? _transcript;
    private readonly long _number;
    private readonly Random _random;
    private readonly Pool _pool;
    private readonly MessageMaker _maker;
    private readonly List<FuzzParticipant> _participants = [];
    private readonly List<FuzzInitiator> _initiators = [];

    // Its own: a server ends a connection on which many streams are broken off.
    private readonly Lazy<GrpcChannel> _channel;

    public Episode(Target target, RawCall raw, Tally tally, long seed, long number, Action<string>? transcript)
    {
        _target = target;
        _raw = raw;
        _tally = tally;
        _number = number;
        _transcript = transcript;
        _random = new Random(unchecked((int)((seed * 1_000_003) ^ (number * 7_919))));
        _pool = new Pool(_random, target.Cluster, target.Epoch, [Target.Participant]);
        _maker = new MessageMaker(_pool);
        _channel = new Lazy<GrpcChannel>(() => Target.Dial(target.Coordinator));
    }

    public async Task RunAsync()
    {
        for (var i = 0; i < Steps; i++)
        {
            var roll = _random.Next(20);
            if (roll == 0 && _participants.Count < MaxParticipants)
                await AttachAsync();
            else if (roll is 1 or 2 or 3 && _participants.Count > 0)
                await _pool.Pick(_participants).SendAsync(Frame());
            else if (roll == 4 && _participants.Count > 0)
                await LeaveAsync(_pool.Pick(_participants));
            else if (roll == 5 && _initiators.Count == 0)
                await InitiateAsync();
            else if (roll is 5 or 6 && _initiators.Count > 0)
                await _initiators[0].SendAsync(InitiatorFrame(_initiators[0]));
            else if (roll < 8)
                await CallAsync(Contract.Unary.Single(method => method.Name == "Begin"), new BeginRequest(), Twist.None);
            else
                await CallAnyAsync();
        }

        foreach (var stream in (FuzzStream[])[.. _participants, .. _initiators])
            await LeaveAsync(stream);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var stream in (FuzzStream[])[.. _participants, .. _initiators])
            await stream.DisposeAsync();
        if (_channel.IsValueCreated)
            _channel.Value.Dispose();
    }

    private Task CallAnyAsync()
    {
        var method = _pool.Pick(Contract.Unary);
        return CallAsync(method, _maker.Make(method.InputType), Twists.Draw(_random));
    }

    private async Task CallAsync(MethodDescriptor method, IMessage message, Twist twist)
    {
        var name = Contract.NameOf(method);
        TimeSpan? deadline = method.IsServerStreaming && !Contract.IsSql(method) ? WatchLimit : null;
        var bytes = Twists.Apply(twist, message.ToByteArray(), _random, Target.MaxMessageBytes);
        var server = Contract.IsSql(method) ? _target.Sql : _target.Coordinator;
        var answer = await _raw.SendAsync(server, name, bytes, twist, deadline, _random);
        _tally.Count(name, answer.Status?.ToString() ?? (twist == Twist.Cancelled ? "given up" : answer.Transport));
        _transcript?.Invoke($"{name} {twist} {Describe(message, bytes)} -> {answer.Status} {answer.Detail}{answer.Transport}");
        if (Documented.WhyWrong(method, twist, deadline is not null, answer) is { } why)
            _tally.Found(new Finding(_number, $"{name}, {twist}: {why}", Describe(message, bytes)));
        if (method.Name == "Begin" && answer.Status == StatusCode.OK)
            _pool.Began(BeginResponse.Parser.ParseFrom(answer.Messages().Single()).TransactionId);
    }

    private async Task AttachAsync()
    {
        var register = _random.Next(4) != 0 ? Registration() : (Register)_maker.Make(Register.Descriptor);
        // The stream's own turns draw from a source of their own: when commands come is not the seed's to say.
        var lies = new Random(_random.Next());
        var maker = new MessageMaker(new Pool(lies, _target.Cluster, _target.Epoch, [Target.Participant]));
        var participant = new FuzzParticipant(_channel.Value, command =>
        {
            lock (lies)
                return Lies.Draw(command, maker, lies);
        });
        _participants.Add(participant);
        await participant.SendAsync(new ParticipantMessage { Register = register });
        if (await participant.WhenAccepted.WaitAsync(StreamEndLimit))
            _pool.Attached($"{register.Name}.{register.Instance}");
        _transcript?.Invoke($"{Contract.Attach} {JsonFormatter.ToDiagnosticString(register)}");
    }

    private Register Registration()
    {
        var name = _pool.Pick(Pool.Names);
        return new Register
        {
            Name = name,
            Instance = _pool.Instance(),
            Resource = Identity(name),
            ServerStart = "s",
            ServerVersion = "PostgreSQL 17",
            MaxBranches = _random.Next(1, 1_000),
        };
    }

    /// <summary>The database that a name of the pool stands for.</summary>
    public static Contracts.V1.ResourceIdentity Identity(string name) =>
        new() { Kind = Contracts.V1.ResourceKind.Postgres, Server = "1", Database = name, Row = "1" };

    private async Task InitiateAsync()
    {
        var initiator = new FuzzInitiator(_channel.Value);
        _initiators.Add(initiator);
        var open = _random.Next(6) != 0 ? new OpenInitiator { Name = "fuzz" } : (OpenInitiator)_maker.Make(OpenInitiator.Descriptor);
        await initiator.SendAsync(new InitiatorMessage { Open = open });
        await initiator.WhenAccepted.WaitAsync(StreamEndLimit);
        await initiator.SendAsync(new InitiatorMessage { Reserve = new ReserveIds { Count = _random.Next(1, 20) } });
        _transcript?.Invoke($"{Contract.Initiate} {JsonFormatter.ToDiagnosticString(open)}");
    }

    private byte[] InitiatorFrame(FuzzInitiator initiator)
    {
        var frame = (InitiatorFrame)_maker.Make(Contracts.V1.InitiatorFrame.Descriptor);
        // These end the stream at once; most streams are to live on, and lie.
        foreach (var message in frame.Messages.Where(message => message.MessageCase is InitiatorMessage.MessageOneofCase.None or InitiatorMessage.MessageOneofCase.Open).ToList())
        {
            if (_random.Next(10) != 0)
                frame.Messages.Remove(message);
        }

        // Whether one has come is not the seed's to say, so the draws are made in any case.
        var (branch, release) = (_pool.Branch(), _random.Next(4) == 0);
        if (initiator.Ids.TryDequeue(out var id))
        {
            _pool.Began(id);
            frame.Messages.Add(release
                ? new InitiatorMessage { Release = new ReleaseId { TransactionId = id } }
                : new InitiatorMessage { Decide = new Decide { TransactionId = id, Prepared = { new PreparedVote { Branch = branch } } } });
        }

        _transcript?.Invoke($"frame {JsonFormatter.ToDiagnosticString(frame)}");
        var twist = _random.Next(12) == 0 ? _pool.Pick([Twist.GarbageMessage, Twist.TruncatedMessage, Twist.FlippedBytes, Twist.DeepMessage, Twist.TooLarge]) : Twist.None;
        return Twists.Apply(twist, frame.ToByteArray(), _random, Target.MaxMessageBytes);
    }

    private byte[] Frame()
    {
        var frame = (ParticipantFrame)_maker.Make(ParticipantFrame.Descriptor);
        // These end the stream at once; most streams are to live on, and lie.
        foreach (var message in frame.Messages.Where(message => message.MessageCase is ParticipantMessage.MessageOneofCase.None or ParticipantMessage.MessageOneofCase.Register).ToList())
        {
            if (_random.Next(10) != 0)
                frame.Messages.Remove(message);
        }

        if (_pool.Transactions.Count > 0)
            frame.Messages.Add(new ParticipantMessage { Enlist = new Enlist { EnlistId = 1, TransactionId = _pool.Transaction(), Branch = _pool.Branch() } });
        _transcript?.Invoke($"frame {JsonFormatter.ToDiagnosticString(frame)}");
        var twist = _random.Next(12) == 0 ? _pool.Pick([Twist.GarbageMessage, Twist.TruncatedMessage, Twist.FlippedBytes, Twist.DeepMessage, Twist.TooLarge]) : Twist.None;
        return Twists.Apply(twist, frame.ToByteArray(), _random, Target.MaxMessageBytes);
    }

    private async Task LeaveAsync(FuzzStream stream)
    {
        _participants.RemoveAll(other => other == stream);
        _initiators.RemoveAll(other => other == stream);
        var inOrder = _random.Next(2) == 0;
        var status = await stream.LeaveAsync(inOrder);
        await stream.DisposeAsync();
        _tally.Count(stream.Name, status.StatusCode.ToString());
        _transcript?.Invoke($"{stream.Name} -> {status.StatusCode} {status.Detail}");
        // Broken off, or ended by the server's reset because it did not read: that status is the client library's own. How it
        // sees a reset depends on when it comes: as cancelled, or as a connection's failure.
        if (!inOrder || status.StatusCode == StatusCode.Cancelled || status.DebugException is IOException)
            return;
        var method = Contract.Methods.Single(method => Contract.NameOf(method) == stream.Name);
        var answer = new RawAnswer(status.StatusCode, status.Detail, stream.Trailers?.GetValueBytes(Contracts.RpcErrors.TrailerName), [], "");
        if (Documented.WhyWrong(method, Twist.None, hasDeadline: false, answer) is { } why)
            _tally.Found(new Finding(_number, $"{stream.Name}: {why}", ""));
    }

    private static string Describe(IMessage message, byte[] bytes)
    {
        var json = JsonFormatter.ToDiagnosticString(message);
        var sent = bytes.Length > 400 ? string.Create(CultureInfo.InvariantCulture, $"{bytes.Length} bytes") : Convert.ToHexString(bytes);
        return $"{(json.Length > 1_000 ? json[..1_000] + "…" : json)} sent as {sent}";
    }
}
