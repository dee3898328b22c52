using Coordinator.Participant.Hosting;

return await HostCommand
    .Create((settings, cancellationToken) => ParticipantHost.RunAsync(settings, Console.Out, Console.Error, cancellationToken))
    .Parse(args)
    .InvokeAsync();
