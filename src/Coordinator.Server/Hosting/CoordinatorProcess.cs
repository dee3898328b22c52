using System.Runtime.InteropServices;
using Coordinator.Engine;

namespace Coordinator.Server;

/// <summary>The program: options, start, signals, exit codes.</summary>
internal static class CoordinatorProcess
{
    public const int Ok = 0, Failed = 1, WrongOptions = 2, LogRefused = 3, CannotListen = 4, Interrupted = 130;

    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors)
    {
        var reading = OptionsReader.Read(arguments, output);
        foreach (var error in reading.Errors)
            await errors.WriteLineAsync(error);
        if (reading.Options is not { } options)
            return reading.Errors.Count > 0 ? WrongOptions : Ok;

        // Signals are taken BEFORE the start: one that comes while the log is being read stops right after it.
        using var signals = new StopSignals();
        await output.WriteLineAsync($"log {Path.GetFullPath(options.Log.Path)}");
        CoordinatorServer server;
        try
        {
            server = await CoordinatorServer.StartAsync(options);
        }
        catch (LogRefusedException refused)
        {
            await errors.WriteLineAsync($"The log is refused: {refused.Message}");
            return LogRefused;
        }
        catch (IOException taken)
        {
            await errors.WriteLineAsync($"Cannot listen: {taken.Message}");
            return CannotListen;
        }

        await using (server)
        {
            var coordinator = server.Coordinator;
            await output.WriteLineAsync(
                $"coordinator {coordinator.Cluster} epoch {coordinator.Epoch} serving on {Show(server.Address)}, health on {Show(server.HealthAddress)}");
            await signals.First;
            await server.StopAsync();
        }

        return Ok;
    }

    private static string Show(Uri address) => address.ToString().TrimEnd('/');

    /// <summary>SIGTERM and SIGINT: the first asks for an orderly stop, the second ends the process at once.</summary>
    private sealed class StopSignals : IDisposable
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly PosixSignalRegistration[] _registrations;

        public StopSignals() => _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
        ];

        public Task First => _first.Task;

        public void Dispose()
        {
            foreach (var registration in _registrations)
                registration.Dispose();
        }

        private void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            if (!_first.TrySetResult())
                Environment.Exit(Interrupted);
        }
    }
}
