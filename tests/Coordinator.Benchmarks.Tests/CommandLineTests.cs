namespace Coordinator.Benchmarks.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("two-phase --workers 0")]
    [InlineData("two-phase --workers many")]
    [InlineData("two-phase --seconds 0")]
    [InlineData("two-phase --rounds 0")]
    [InlineData("two-phase --case flor")]
    [InlineData("two-phase --databases oracle")]
    [InlineData("scale --open 0")]
    [InlineData("recovery --undelivered some")]
    [InlineData("nothing")]
    public void Parse_Nonsense_IsRefused(string text) =>
        Assert.NotEmpty(CommandLine.Create(TextWriter.Null).Parse(text.Split(' ')).Errors);

    [Theory]
    [InlineData("two-phase --workers 1,8 --case floor,service-sdk --databases postgres+postgres --seconds 0.5")]
    [InlineData("log --json rows.json --chart chart.svg")]
    [InlineData("recovery --undelivered 10 --prepared 5")]
    [InlineData("scale --open 10 --transactions 100")]
    public void Parse_AnExample_IsTaken(string text) =>
        Assert.Empty(CommandLine.Create(TextWriter.Null).Parse(text.Split(' ')).Errors);
}
