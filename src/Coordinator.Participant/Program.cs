using System.CommandLine;
using Coordinator.Participant.Hosting;

return await HostCommand
    .Create((settings, cancellationToken) => ParticipantHost.RunAsync(settings, Console.Out, Console.Error, cancellationToken))
    .Parse(args)
    // The host handles signals itself, and may need longer to stop than the command line's two seconds.
    .InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
