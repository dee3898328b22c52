using Coordinator.ScriptedServices;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Coordinator.Cli.Tests;

/// <summary>Runs command lines in this process against a scripted coordinator.</summary>
public abstract class CliTest : IAsyncLifetime
{
    protected const string Id = ScriptedCoordinator.Id;

    private LoopbackServer? _server;

    protected ScriptedOperators Operators { get; } = new();

    protected ScriptedCoordinator Coordinator { get; } = new();

    protected string Address => _server!.Address.ToString();

    public async Task InitializeAsync() => _server = await LoopbackServer.StartAsync(
        services => services.AddSingleton(Operators).AddSingleton(Coordinator),
        app =>
        {
            app.MapGrpcService<ScriptedOperators>();
            app.MapGrpcService<ScriptedCoordinator>();
        });

    public async Task DisposeAsync() => await _server!.DisposeAsync();

    /// <summary>What one run wrote and ended with.</summary>
    protected sealed record Result(int ExitCode, string Out, string Error);

    protected static Timestamp At(int hour) =>
        Timestamp.FromDateTime(new DateTime(2026, 5, 1, hour, 30, 0, DateTimeKind.Utc));

    /// <summary>Runs with its output piped.</summary>
    protected Task<Result> RunAsync(params string[] args) => RunAsync(terminalWidth: null, answer: null, args);

    protected async Task<Result> RunAsync(int? terminalWidth, string? answer, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var variables = new Dictionary<string, string>
        {
            [GlobalVariables.Coordinator] = Address,
            [GlobalVariables.NoColour] = "1",
        };
        var terminal = new Terminal(
            new StringReader(answer ?? ""),
            output,
            error,
            InIsTerminal: answer is not null,
            OutIsTerminal: terminalWidth is not null,
            terminalWidth ?? 120,
            variables.GetValueOrDefault);
        var exitCode = await CommandLine.RunAsync(args, terminal);
        return new Result(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Golden text: what the raw string literals of the tests hold.</summary>
    protected static void AssertText(string expected, string actual) =>
        Assert.Equal(expected.ReplaceLineEndings("\n") + "\n", actual.ReplaceLineEndings("\n"));

    private static class GlobalVariables
    {
        public const string Coordinator = "COORDINATOR_URL";
        public const string NoColour = "NO_COLOR";
    }
}
