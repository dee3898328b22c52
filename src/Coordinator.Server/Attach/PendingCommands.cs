using Coordinator.Contracts.V1;

namespace Coordinator.Server;

/// <summary>What became of an answer.</summary>
internal enum Received
{
    /// <summary>Its command was waiting for it.</summary>
    Expected,

    /// <summary>Nobody waits for it: never sent, answered already, or given up.</summary>
    Unknown,
}

/// <summary>The commands of one stream that wait for their answers, by id.</summary>
internal sealed class PendingCommands
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Pending> _waiting = [];
    private ulong _lastId;
    private string? _whyClosed;

    /// <summary>Numbers a command and waits for its answer.</summary>
    /// <param name="expected">The kind of answer that the command has; Failed may always come.</param>
    /// <param name="read">Reads the answer; throws <see cref="MalformedException"/> for one that cannot be believed.</param>
    /// <exception cref="ParticipantUnavailableException">The stream has ended.</exception>
    public (ulong Id, Task<T> Answer) Add<T>(Answer.AnswerOneofCase expected, Func<Answer, T> read)
    {
        lock (_gate)
        {
            if (_whyClosed is not null)
                throw new ParticipantUnavailableException(_whyClosed);
            var pending = new Pending<T>(expected, read);
            _waiting.Add(++_lastId, pending);
            return (_lastId, pending.Task);
        }
    }

    public void Remove(ulong id)
    {
        lock (_gate)
            _waiting.Remove(id);
    }

    /// <exception cref="MalformedException">An answer of another kind than its command's, or one that cannot be read.</exception>
    public Received Complete(Answer answer)
    {
        Pending? pending;
        lock (_gate)
        {
            if (!_waiting.Remove(answer.CommandId, out pending))
                return Received.Unknown;
        }

        pending.Complete(answer);
        return Received.Expected;
    }

    /// <summary>Nobody will answer any more.</summary>
    public void FailAll(string why)
    {
        List<Pending> waiting;
        lock (_gate)
        {
            _whyClosed ??= why;
            waiting = [.. _waiting.Values];
            _waiting.Clear();
        }

        foreach (var pending in waiting)
            pending.Fail(why);
    }

    private abstract class Pending
    {
        public abstract void Complete(Answer answer);

        public abstract void Fail(string why);
    }

    private sealed class Pending<T>(Answer.AnswerOneofCase expected, Func<Answer, T> read) : Pending
    {
        // Continuations run the engine; they must not run on the reader's turn, or one transaction would hold up all.
        private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Task => _answer.Task;

        public override void Complete(Answer answer)
        {
            if (answer.AnswerCase == Answer.AnswerOneofCase.Failed)
            {
                var why = Answers.Shorten(answer.Failed.Message);
                Fail(string.IsNullOrWhiteSpace(why) ? "The participant says that it failed, and not why." : why);
                return;
            }

            try
            {
                if (answer.AnswerCase != expected)
                    throw new MalformedException("answer", $"{answer.AnswerCase} answers no command that wants {expected}.");
                _answer.TrySetResult(read(answer));
            }
            catch (MalformedException malformed)
            {
                Fail(malformed.Message);
                throw;
            }
        }

        public override void Fail(string why)
        {
            _answer.TrySetException(new ParticipantUnavailableException(why));
            // Whoever waited may have given up meanwhile.
            _ = _answer.Task.Exception;
        }
    }
}
