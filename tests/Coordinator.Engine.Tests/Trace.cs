namespace Coordinator.Engine.Tests;

/// <summary>One ordered recording of what the engine asked of log and participants.</summary>
public sealed class Trace
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    public void Add(string line)
    {
        lock (_gate)
            _lines.Add(line);
    }

    public int IndexOf(string line) => Lines.ToList().IndexOf(line);

    public int Count(string line) => Lines.Count(other => other == line);
}
