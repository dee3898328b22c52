namespace Coordinator.Log.Tests;

/// <summary>Failures at the steps that a test names, and a hold on the writer.</summary>
internal sealed class TestFaults : ILogFaults
{
    private readonly Dictionary<LogStep, int> _armed = [];
    private readonly List<LogStep> _steps = [];
    private Hold? _hold;

    public int? MaxPages { get; set; }

    public IReadOnlyList<LogStep> Steps
    {
        get
        {
            lock (_armed)
                return [.. _steps];
        }
    }

    /// <summary>Makes a step fail once, after <paramref name="skip"/> times that it goes well.</summary>
    public void FailAt(LogStep step, int skip = 0)
    {
        lock (_armed)
            _armed[step] = skip;
    }

    /// <summary>Stops the writer when it next comes to the step, until released.</summary>
    public Hold HoldAt(LogStep step)
    {
        lock (_armed)
            return _hold = new Hold(this, step);
    }

    public void At(LogStep step)
    {
        Hold? hold = null;
        lock (_armed)
        {
            _steps.Add(step);
            if (_hold?.Step == step)
                (hold, _hold) = (_hold, null);
        }

        hold?.Wait();
        lock (_armed)
        {
            if (hold is not null || !_armed.TryGetValue(step, out var skip))
                return;
            if (skip > 0)
            {
                _armed[step] = skip - 1;
                return;
            }

            _armed.Remove(step);
        }

        throw new IOException($"The disk failed at {step}.");
    }

    internal sealed class Hold(TestFaults faults, LogStep step)
    {
        private readonly TaskCompletionSource _released = new();
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private LogStep? _failAt;

        public LogStep Step => step;

        public Task Reached => _reached.Task;

        /// <summary>Lets the writer go on; the write after this one may fail.</summary>
        public void Release(LogStep? failAt = null)
        {
            _failAt = failAt;
            _released.TrySetResult();
        }

        public void Wait()
        {
            _reached.SetResult();
            _released.Task.Wait();
            if (_failAt is { } next)
                faults.FailAt(next, skip: next == Step ? 0 : 1);
        }
    }
}
