using System.ComponentModel;
using System.Diagnostics;
using Coordinator.Grpc.Tests.Loopback;

namespace Coordinator.Grpc.Tests.Interop;

/// <summary>Runs another program. One that is missing or fails is the test's failure, never a reason to skip.</summary>
internal static class Tool
{
    internal static async Task<string> RunAsync(string install, ProcessStartInfo start, TimeSpan limit)
    {
        using Process process = Start(install, start);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().Within(limit);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException(
                $"{Text(start)} took longer than {limit}:\n{await output}\n{await errors}");
        }

        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"{Text(start)} failed ({install}):\n{await output}\n{await errors}");

        return await output;
    }

    internal static Process Start(string install, ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{start.FileName} cannot be started: {install}", missing);
        }
    }

    private static string Text(ProcessStartInfo start) => $"{start.FileName} {string.Join(' ', start.ArgumentList)}";
}
