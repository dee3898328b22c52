using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Coordinator.PlantedBugs.Host;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>
/// Processes that run suites on mutated assemblies, one after another. A process stays for the next bug of the same tests:
/// to start one, and to have .NET compile the tests' frameworks anew, takes longer than most tests. It ends with this one.
/// </summary>
internal static class Hosts
{
    // What a bug leaves running, a loop or a server, ends with its host.
    private const int JobsEach = 12;

    private static readonly ConcurrentDictionary<string, ConcurrentBag<Host>> Idle = new();

    private static readonly string Program = Path.Combine(Folders.OutputOf("Coordinator.PlantedBugs.Host"), "Coordinator.PlantedBugs.Host.dll");

    /// <summary>Runs a job.</summary>
    /// <param name="suite">Hosts of one name run only these.</param>
    /// <param name="job">What to run.</param>
    /// <param name="limit">A bug can make a test run for ever: then its host is killed.</param>
    /// <exception cref="HarnessException">It could not be run, broke off, or did not end.</exception>
    public static async Task<JobResult> RunAsync(string suite, Job job, TimeSpan limit)
    {
        var idle = Idle.GetOrAdd(suite, _ => []);
        if (!idle.TryTake(out var host))
            host = new Host();
        JobResult result;
        try
        {
            result = await host.RunAsync(job).WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            host.Dispose();
            throw new HarnessException($"{suite} did not end within {limit.TotalSeconds} s.");
        }
        catch
        {
            host.Dispose();
            throw;
        }

        if (host.Jobs < JobsEach)
            idle.Add(host);
        else
            host.Dispose();
        return result.Failure is null ? result : throw new HarnessException($"{suite} did not run: {result.Failure}");
    }

    private sealed class Host : IDisposable
    {
        private readonly Process _process = Process.Start(new ProcessStartInfo(ProductCompiler.DotnetPath, [Program])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;

        public int Jobs { get; private set; }

        public async Task<JobResult> RunAsync(Job job)
        {
            Jobs++;
            await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(job));
            await _process.StandardInput.FlushAsync();
            var line = await _process.StandardOutput.ReadLineAsync();
            return line is null
                ? throw new HarnessException($"The host of {Path.GetFileName(job.Assembly)} ended.")
                : JsonSerializer.Deserialize<JobResult>(line)!;
        }

        // The process ends with its input too, also where the one who started it is killed.
        public void Dispose()
        {
            _process.Kill();
            _process.Dispose();
        }
    }
}
