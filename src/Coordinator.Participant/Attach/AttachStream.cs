using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Wire = Coordinator.Contracts.V1;

namespace Coordinator.Participant.Attach;

/// <summary>
/// One attach stream, from Register to its end. Reading, writing and keeping alive go on side by side; commands run
/// apart from all three, so that a slow one holds up neither the stream nor other commands (R11).
/// </summary>
internal sealed class AttachStream(
    AsyncDuplexStreamingCall<Wire.ParticipantFrame, Wire.CoordinatorFrame> call,
    CommandExecutor commands,
    ParticipantOptions options,
    TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan _maxKeepAliveInterval = TimeSpan.FromHours(1);

    private readonly Outbox<Wire.ParticipantFrame, Wire.ParticipantMessage> _outbox = new(
        options.MaxQueuedMessages, options.MaxMessagesPerFrame, options.MaxMessageBytes,
        messages => new Wire.ParticipantFrame { Messages = { messages } });
    private readonly PendingEnlistments _enlistments = new();
    private readonly RunningCommands _running = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _writing = Task.CompletedTask;
    private long _lastReceived;

    /// <summary>Registers, and then serves the stream until it ends, which is always an exception.</summary>
    /// <param name="register">The first message.</param>
    /// <param name="accept">Called once with the coordinator's answer; throws to refuse it.</param>
    /// <param name="cancellationToken">Ends the stream at once.</param>
    public async Task RunAsync(Wire.Register register, Action<Wire.Registered> accept, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var registering = new CancellationTokenSource(options.RegisterTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, registering.Token);
        _outbox.TrySend(new() { Register = register });
        _writing = _outbox.WriteToAsync(call.RequestStream, ending.Token);
        try
        {
            await using var messages = ReadAsync(ending.Token).GetAsyncEnumerator(both.Token);
            var registered = await ReadRegisteredAsync(messages);
            accept(registered);
            await ServeAsync(messages, registered.KeepAliveInterval.ToTimeSpan(), ending);
            throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator ended the stream."));
        }
        catch (Exception reason)
        {
            _enlistments.FailAll(reason);
            if (registering.IsCancellationRequested && reason is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled } && !cancellationToken.IsCancellationRequested)
                throw new TimeoutException($"The coordinator did not answer Register within {options.RegisterTimeout}.", reason);
            throw;
        }
        finally
        {
            _outbox.Close();
            await ending.CancelAsync();
            call.Dispose();
            await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _ended.SetResult();
        }
    }

    /// <summary>
    /// Lets running commands end and their answers go out, completes the stream, and waits for the coordinator to end its
    /// side: ending the call before that would reset the stream, and with it what was written last.
    /// </summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await _running.WhenNoneAsync().WaitAsync(cancellationToken);
        _outbox.Close();
        await _ended.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Enlists a branch over this stream.</summary>
    public async Task<TimeSpan> EnlistAsync(BranchId branch, CancellationToken cancellationToken)
    {
        using var span = ParticipantTracing.StartEnlist(branch);
        var (id, reply) = _enlistments.Add();
        try
        {
            var enlist = new Wire.Enlist { EnlistId = id, TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString() };
            await _outbox.SendAsync(new() { Enlist = enlist }, cancellationToken);
            return await reply.WaitAsync(options.EnlistTimeout, time, cancellationToken);
        }
        catch (ChannelClosedException ended)
        {
            span.Fail(ended);
            throw new ParticipantUnavailableException("The stream to the coordinator has ended.", ended);
        }
        catch (TimeoutException late)
        {
            span.Fail(late);
            throw new ParticipantUnavailableException($"The coordinator did not acknowledge the enlistment within {options.EnlistTimeout}.", late);
        }
        catch (EnlistmentRefusedException refused)
        {
            span.Fail(refused.Reason);
            throw;
        }
        finally
        {
            _enlistments.Remove(id);
        }
    }

    /// <summary>Tells the coordinator that the database's server was restarted, so that it scans again.</summary>
    public void SendRestarted(string serverStart) =>
        _outbox.TrySend(new() { ResourceRestarted = new Wire.ResourceRestarted { ServerStart = serverStart } });

    private static async Task<Wire.Registered> ReadRegisteredAsync(IAsyncEnumerator<Wire.CoordinatorMessage> messages)
    {
        if (!await messages.MoveNextAsync())
            throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator ended the stream before it answered Register."));
        var registered = messages.Current.Registered
            ?? throw new AttachRefusedException("The coordinator's first message is not Registered: another service answers at its address.");
        var interval = registered.KeepAliveInterval?.ToTimeSpan() ?? TimeSpan.Zero;
        return interval > TimeSpan.Zero && interval <= _maxKeepAliveInterval
            ? registered
            : throw new AttachRefusedException($"The coordinator's keep-alive interval is {interval}: not within an hour.");
    }

    private async Task ServeAsync(
        IAsyncEnumerator<Wire.CoordinatorMessage> messages, TimeSpan interval, CancellationTokenSource ending)
    {
        var silence = KeepAliveAsync(interval, ending.Token);
        var reading = DispatchAsync(messages);
        // Whichever ends first ends the stream, and its exception says why.
        var first = await Task.WhenAny(reading, silence, _writing);
        if (_writing.IsCompletedSuccessfully)
            first = await Task.WhenAny(reading, silence);
        await ending.CancelAsync();
        call.Dispose();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await silence.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // A broken write says little; the status that the read ended with says why.
        if (first == _writing && reading.IsFaulted)
            first = reading;
        await first;
    }

    private async Task DispatchAsync(IAsyncEnumerator<Wire.CoordinatorMessage> messages)
    {
        while (await messages.MoveNextAsync())
        {
            switch (messages.Current.MessageCase)
            {
                case Wire.CoordinatorMessage.MessageOneofCase.EnlistReply:
                    _enlistments.Complete(messages.Current.EnlistReply);
                    break;
                case Wire.CoordinatorMessage.MessageOneofCase.Command:
                    var command = messages.Current.Command;
                    var running = _running.Add();
                    _ = Task.Run(() => ExecuteAsync(command, running), CancellationToken.None);
                    break;
                case Wire.CoordinatorMessage.MessageOneofCase.KeepAlive:
                    break;
                default:
                    Log.UnknownMessage(logger, messages.Current.MessageCase);
                    break;
            }
        }
    }

    private async Task ExecuteAsync(Wire.Command command, int running)
    {
        try
        {
            var answer = running <= options.MaxRunningCommands
                ? await commands.ExecuteAsync(command)
                : CommandExecutor.Failed(command, $"{options.MaxRunningCommands} commands are running already.");
            await _outbox.SendAsync(new() { Answer = answer }, CancellationToken.None);
        }
        catch (ChannelClosedException)
        {
            // The stream ended meanwhile. The coordinator sends the command again, and gets the stored answer (R9).
            Log.AnswerDropped(logger, command.CommandCase);
        }
        finally
        {
            _running.Remove();
        }
    }

    private async Task KeepAliveAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(interval, time, cancellationToken);
            _outbox.TrySend(new() { KeepAlive = new Wire.KeepAlive() });
            if (time.GetElapsedTime(Volatile.Read(ref _lastReceived)) > interval * 3)
                throw new TimeoutException($"The coordinator was silent for three keep-alive intervals ({interval * 3}).");
        }
    }

    private async IAsyncEnumerable<Wire.CoordinatorMessage> ReadAsync(
        CancellationToken stop, [EnumeratorCancellation] CancellationToken first = default)
    {
        // The first message has a limit of its own; after it only the stream's end counts.
        var token = first;
        while (await call.ResponseStream.MoveNext(token))
        {
            token = stop;
            Volatile.Write(ref _lastReceived, time.GetTimestamp());
            foreach (var message in call.ResponseStream.Current.Messages)
                yield return message;
        }
    }
}
