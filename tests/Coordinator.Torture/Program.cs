using System.CommandLine;
using Coordinator.Torture;

// A client ends what it is at when it is told to stop, however long that takes.
return await CommandLine.Create(Run.ExecuteAsync).Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
