using System.Reflection;

namespace Coordinator.PlantedBugs.Host;

/// <summary>Runs a program that is loaded already, as its own process would, and keeps what it writes.</summary>
internal static class ProgramRun
{
    public static async Task<JobResult> RunAsync(Assembly assembly, IReadOnlyList<string> arguments)
    {
        var (output, errors) = (Console.Out, Console.Error);
        using var text = new StringWriter();
        var written = TextWriter.Synchronized(text);
        Console.SetOut(written);
        Console.SetError(written);
        try
        {
            var exitCode = assembly.EntryPoint!.Invoke(null, [arguments.ToArray()]) switch
            {
                Task<int> task => await task,
                int code => code,
                _ => 0,
            };
            return new JobResult(Output: text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries), ExitCode: exitCode);
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }
    }
}
