using System.Diagnostics;
using System.Net.Sockets;
using Coordinator.Benchmarks.Applications;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.Benchmarks.Recovery;

/// <summary>How long a coordinator takes from its process's start until it takes new work.</summary>
/// <param name="BeginSeconds">Until a Begin was answered.</param>
/// <param name="CommitSeconds">Until an application had attached its participants and committed over two databases.</param>
/// <param name="ResidentBytes">What the process held then.</param>
internal sealed record StartUp(double BeginSeconds, double CommitSeconds, long ResidentBytes)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    /// <summary>Starts the coordinator, and then the application; <paramref name="then"/> gets the time of the start.</summary>
    public static async Task<StartUp> MeasureAsync(
        Deployment deployment, (OrderDatabase First, OrderDatabase Second) databases, Func<long, Task>? then = null)
    {
        var started = Stopwatch.GetTimestamp();
        var starting = deployment.StartAsync(Deployment.CoordinatorName);
        await ConnectAsync(deployment.Coordinator, started);
        using (var client = CoordinatorClient.Connect(deployment.Coordinator))
        await using (await client.BeginAsync())
        {
        }

        var begun = Stopwatch.GetElapsedTime(started);
        await starting;
        await using var application = await SdkApplication.AttachAsync(databases, deployment, witness: true);
        await using (var transaction = await application.BeginAsync())
        {
            foreach (var (participant, database) in new[] { (application.First, databases.First), (application.Second, databases.Second) })
            {
                await using var work = await transaction.EnlistAsync(participant, CancellationToken.None);
                await BranchWorks.RunAsync(Work.Write, work.Connection, database, product: 0);
            }

            await transaction.CommitAsync();
        }

        var committed = Stopwatch.GetElapsedTime(started);
        var resident = ProcessMemory.ReadResident(deployment.Process(Deployment.CoordinatorName).Id);
        if (then is not null)
            await then(started);
        return new StartUp(begun.TotalSeconds, committed.TotalSeconds, resident);
    }

    private static async Task ConnectAsync(Uri address, long started)
    {
        while (true)
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(address.Host, address.Port);
                return;
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(started) < Limit)
            {
                // It does not listen yet.
                await Task.Delay(Interval);
            }
        }
    }
}
