using System.CommandLine;
using Coordinator.Lab;

var console = Terminal.Create(Console.IsOutputRedirected, Environment.GetEnvironmentVariable("NO_COLOR"), Console.Out);
return await CommandLine.Create(console, Console.Out, TimeProvider.System).Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
