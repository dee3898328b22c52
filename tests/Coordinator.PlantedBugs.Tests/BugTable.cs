using System.Collections.Concurrent;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>Plants bugs one at a time and writes a line for each: what was planted, what caught it, how soon.</summary>
public sealed class BugTable(IMessageSink runner) : IDisposable
{
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>Fails unless every catcher of the bug passes without it and fails with it.</summary>
    internal async Task CatchAsync(PlantedBug bug)
    {
        var folder = Folders.Fresh(bug.Name);
        var assembly = await ProductCompiler.CompileAsync(bug.Project, bug, Folders.Fresh(bug.Name, "compiled"));
        foreach (var (i, catcher) in bug.CaughtBy.Index())
        {
            var run = await catcher.RunAsync(bug.Project, assembly, Folders.Fresh(bug.Name, $"catcher-{i + 1}"));
            Assert.True(run.Failed, $"{bug.Name} was not caught by {catcher.Title} ({run.HowSoon}): {bug.What}");
            _lines.Enqueue($"| {bug.Name} | {bug.Like} | {catcher.Title} | {run.HowSoon} |");
        }

        // Kept where it was not caught, to look at.
        Directory.Delete(folder, recursive: true);
    }

    public void Dispose()
    {
        runner.OnMessage(new DiagnosticMessage("\n| planted bug | like | caught by | how soon |\n" + string.Join('\n', _lines)));
    }
}
