namespace Coordinator.Log.Tests;

/// <summary>Failures at the steps that a test names.</summary>
internal sealed class TestFaults : ILogFaults
{
    private readonly Dictionary<LogStep, int> _armed = [];
    private readonly List<LogStep> _steps = [];

    public int? MaxPages { get; set; }

    public IReadOnlyList<LogStep> Steps
    {
        get
        {
            lock (_armed)
                return [.. _steps];
        }
    }

    public void FailAt(LogStep step, int times = 1)
    {
        lock (_armed)
            _armed[step] = times;
    }

    public void At(LogStep step)
    {
        lock (_armed)
        {
            _steps.Add(step);
            if (_armed.GetValueOrDefault(step) == 0)
                return;
            _armed[step]--;
        }

        throw new IOException($"The disk failed at {step}.");
    }
}
