using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Coordinator.Cli;

/// <summary>The library's help, followed by a command's own details: examples would swamp the list of commands.</summary>
internal sealed class DetailedHelp : SynchronousCommandLineAction
{
    private readonly Dictionary<Command, string> _details = [];
    private HelpAction _inner = new();

    /// <summary>Takes the place of the library's help of a command and those below it.</summary>
    public void Replace(RootCommand root)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        _inner = (HelpAction)option.Action!;
        option.Action = this;
    }

    public void Add(Command command, string details) => _details.Add(command, details);

    public override int Invoke(ParseResult parseResult)
    {
        var exitCode = _inner.Invoke(parseResult);
        if (_details.TryGetValue(parseResult.CommandResult.Command, out var details))
            parseResult.InvocationConfiguration.Output.WriteLine(details);
        return exitCode;
    }
}
