using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Client;

namespace Coordinator.Cli;

/// <summary>Runs a command's work, and turns its failures into exit codes.</summary>
internal sealed class Runner(GlobalOptions options, DetailedHelp help, Terminal terminal)
{
    /// <summary>Gives a command its action.</summary>
    /// <param name="command">The command.</param>
    /// <param name="work">Returns the exit code.</param>
    /// <param name="changes">True if it changes something, so that a lost answer leaves a question.</param>
    /// <param name="details">Shown by the command's own help, not in the list of commands.</param>
    public Command Runs(Command command, Func<Run, Task<int>> work, bool changes = false, string? details = null)
    {
        command.SetAction((arguments, interrupted) => RunAsync(arguments, work, changes, interrupted));
        if (details is not null)
            help.Add(command, details);
        return command;
    }

    /// <summary>Gives a command that has only subcommands its details.</summary>
    public Command Groups(Command command, string details)
    {
        help.Add(command, details);
        return command;
    }

    private async Task<int> RunAsync(
        ParseResult arguments, Func<Run, Task<int>> work, bool changes, CancellationToken interrupted)
    {
        var address = arguments.GetValue(options.Coordinator)!;
        var timeout = arguments.GetValue(options.Timeout) ?? GlobalOptions.DefaultTimeout;
        var asJson = arguments.GetValue(options.Output) == "json";
        using var client = CoordinatorClient.Connect(new CoordinatorClientOptions(address)
        {
            CallTimeout = timeout,
            // A list of a thousand transactions with many branches is larger than gRPC's usual 4 MiB.
            MaxReceiveMessageBytes = 64 * 1024 * 1024,
        });
        try
        {
            return await work(new Run(arguments, client, new Report(terminal, asJson), terminal, timeout, interrupted));
        }
        catch (Exception) when (interrupted.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception failure) when (Failure.Of(failure, address, timeout, changes) is { } known)
        {
            known.Error.WriteTo(terminal.Error, asJson);
            return known.ExitCode;
        }
    }
}
