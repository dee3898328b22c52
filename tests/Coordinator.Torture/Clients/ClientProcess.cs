using System.Runtime.InteropServices;
using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.Torture.Clients;

/// <summary>What the hidden verb <c>client</c> runs: tellers and an auditor, until SIGTERM, or a kill.</summary>
internal static class ClientProcess
{
    /// <summary>The line that says that SIGTERM is understood from now on.</summary>
    public const string Ready = "client ready";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AuditInterval = TimeSpan.FromMilliseconds(500);

    public static async Task<int> RunAsync(ClientArguments arguments)
    {
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        // In a terminal an interrupt reaches this process too; the torture program ends it in its own time.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var report = new Report(arguments.Report);
        using var client = CoordinatorClient.Connect(arguments.Coordinator);
        var teller = new Teller(client, arguments.Addresses, report);
        var workers = Enumerable.Range(0, arguments.Workers)
            .Select(worker => Task.Run(() => TransferAsync(teller, arguments, new Random((arguments.Seed * 100) + worker), stop.Token)))
            .ToList();
        workers.Add(Task.Run(() => AuditAsync(teller, stop.Token)));
        Console.WriteLine(Ready);
        await Task.WhenAll(workers);
        return 0;
    }

    private static async Task TransferAsync(Teller teller, ClientArguments arguments, Random random, CancellationToken stop)
    {
        var databases = arguments.Addresses.Keys.Order().ToArray();
        while (!stop.IsCancellationRequested)
            if (!await teller.RunAsync(Transfer.Draw(random, databases), random))
                await PauseAsync(Pause, stop);
    }

    private static async Task AuditAsync(Teller teller, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await PauseAsync(await teller.AuditAsync() ? AuditInterval : Pause, stop);
        }
    }

    private static Task PauseAsync(TimeSpan pause, CancellationToken stop) =>
        Task.Delay(pause, stop).ContinueWith(static _ => { }, TaskScheduler.Default);
}

/// <summary>What a client process is told on its command line.</summary>
/// <param name="Coordinator">Where the coordinator listens.</param>
/// <param name="Addresses">Where each database's participant serves SQL.</param>
/// <param name="Report">The file to report to.</param>
/// <param name="Seed">Draws the transfers.</param>
/// <param name="Workers">Transfers at once.</param>
internal sealed record ClientArguments(
    Uri Coordinator, IReadOnlyDictionary<DatabaseKind, Uri> Addresses, string Report, int Seed, int Workers);
