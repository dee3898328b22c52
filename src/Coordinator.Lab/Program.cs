using System.CommandLine;
using Coordinator.Lab;
using Spectre.Console;

return await CommandLine.Create(AnsiConsole.Console, Console.Out, TimeProvider.System).Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
