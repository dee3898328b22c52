using System.CommandLine;
using Coordinator.Lab;
using Spectre.Console;

// A file has no width; 80 columns, which are taken for it otherwise, are too few for tables.
if (Console.IsOutputRedirected)
    AnsiConsole.Profile.Width = 160;
return await CommandLine.Create(AnsiConsole.Console, Console.Out, TimeProvider.System).Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
