using System.Text;

namespace Coordinator.Torture.Clients;

/// <summary>A client's report: a file that only grows, each line handed to the operating system before anything goes on.</summary>
internal sealed class Report(string path) : IDisposable
{
    private readonly Lock _lock = new();
    // No buffer of its own: what is not with the operating system dies with the process.
    private readonly FileStream _file = new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);

    public void Say(Said said, string transaction, Purpose purpose, int touches, long total = 0)
    {
        var line = new ReportEntry(DateTimeOffset.UtcNow, said, transaction, purpose, touches, total).ToLine();
        lock (_lock)
            _file.Write(Encoding.ASCII.GetBytes(line + "\n"));
    }

    public void Dispose() => _file.Dispose();
}
