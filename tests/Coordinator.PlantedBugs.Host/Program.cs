using System.Collections.Concurrent;
using System.Text.Json;
using Coordinator.PlantedBugs.Host;

// A job a line, its result a line. Whoever reads the results ends a host whose job does not end.
var results = Console.Out;
using var jobs = new BlockingCollection<Job>();
var reading = new Thread(() =>
{
    while (Console.In.ReadLine() is { } line)
        jobs.Add(JsonSerializer.Deserialize<Job>(line)!);
    // The one who started this process has ended, and whatever runs here ends with it.
    Environment.Exit(0);
})
{ IsBackground = true };
reading.Start();
// Tests that write would be taken for results.
Console.SetOut(TextWriter.Null);
foreach (var job in jobs.GetConsumingEnumerable())
{
    results.WriteLine(JsonSerializer.Serialize(await RunAsync(job)));
    results.Flush();
}

static async Task<JobResult> RunAsync(Job job)
{
    // Tests look for their files there, and the tests' folder is not the host's.
    AppContext.SetData("APP_CONTEXT_BASE_DIRECTORY", Path.GetDirectoryName(job.Assembly) + Path.DirectorySeparatorChar);
    var context = new PlantedContext(job.Assembly, job.Replacement);
    try
    {
        using (context.EnterContextualReflection())
        {
            var assembly = context.LoadFromAssemblyPath(job.Assembly);
            return job.Tests is { } tests ? await TestRun.RunAsync(assembly, tests) : await ProgramRun.RunAsync(assembly, job.Arguments ?? []);
        }
    }
    catch (Exception failure)
    {
        // The process's edge: what broke is told to the one who asked.
        return new JobResult(Failure: failure.ToString());
    }
    finally
    {
        context.Unload();
    }
}
