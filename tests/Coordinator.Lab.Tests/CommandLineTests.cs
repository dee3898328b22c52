using System.CommandLine;
using Spectre.Console;

namespace Coordinator.Lab.Tests;

/// <summary>Flags: what is wrong is said before anything is started.</summary>
public class CommandLineTests
{
    [Theory]
    [InlineData("locks --products 1,x", "--products: 'x' is not a whole number from 1 to 1000.")]
    [InlineData("locks --products 0", "--products: '0' is not a whole number from 1 to 1000.")]
    [InlineData("locks --products 1001", "--products: '1001' is not a whole number from 1 to 1000.")]
    [InlineData("locks --delay -1", "--delay: '-1' is not a whole number from 0 to 500.")]
    [InlineData("locks --delay 1,,2", "--delay: '' is not a whole number from 0 to 500.")]
    [InlineData("locks --seconds 0", "--seconds: '0' is not a number of seconds from 0.1 to 600.")]
    [InlineData("locks --seconds NaN", "--seconds: 'NaN' is not a number of seconds from 0.1 to 600.")]
    [InlineData("locks --clients 1000", "--clients: '1000' is not a whole number from 1 to 40.")]
    [InlineData("locks --seed seven", "--seed: 'seven' is not a whole number from")]
    [InlineData("coordinator-killed --down 1e9", "--down: '1e9' is not a number of seconds from 0.1 to 600.")]
    [InlineData("slow-participant --tight 5 --loose 5", "--tight must be below --loose.")]
    [InlineData("saga-anomalies --declined-one-in 1", "--declined-one-in: '1' is not a whole number from 2 to 40.")]
    [InlineData("cannot-prepare --orders 0", "--orders: '0' is not a whole number from 1 to 10000.")]
    [InlineData("all --report /no/such/folder/lab.html", "--report: there is no folder /no/such/folder.")]
    [InlineData("all -o yaml", "yaml")]
    [InlineData("alll", "alll")]
    public async Task Parse_WrongFlag_SaysWhatIsWrongWithIt(string arguments, string message)
    {
        var errors = new StringWriter();
        var command = CommandLine.Create(AnsiConsole.Console, TextWriter.Null, TimeProvider.System);

        var exitCode = await command.Parse(arguments.Split(' ')).InvokeAsync(new InvocationConfiguration { Output = TextWriter.Null, Error = errors });

        Assert.NotEqual(0, exitCode);
        Assert.Contains(message, errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("locks --products 1,10,100,1000 --seconds 3 --delay 0,1,5,20 --seed 7")]
    [InlineData("coordinator-killed --before 2 --down 3 --after 1 --seed -1")]
    [InlineData("slow-participant --answer 2.5")]
    [InlineData("saga-anomalies -o json")]
    [InlineData("cannot-prepare --orders 5")]
    [InlineData("choose")]
    [InlineData("all --report lab.html --quick --seed 12")]
    public void Parse_RightFlags_AreTaken(string arguments) =>
        Assert.Empty(CommandLine.Create(AnsiConsole.Console, TextWriter.Null, TimeProvider.System).Parse(arguments.Split(' ')).Errors);

    [Fact]
    public async Task Help_NamesTheExperimentsAndHidesTheWorkers()
    {
        var output = new StringWriter();
        await CommandLine.Create(AnsiConsole.Console, TextWriter.Null, TimeProvider.System).Parse("--help").InvokeAsync(new InvocationConfiguration { Output = output });

        foreach (var name in new[] { "locks", "coordinator-killed", "slow-participant", "saga-anomalies", "cannot-prepare", "choose", "all" })
            Assert.Contains(name, output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("worker", output.ToString(), StringComparison.Ordinal);
    }
}
