using System.Diagnostics;
using System.Globalization;
using Coordinator.Benchmarks.Applications;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Output;
using Coordinator.Engine;
using Coordinator.Testing;

namespace Coordinator.Benchmarks.Recovery;

/// <summary>
/// Starts of a coordinator with much to take up: decisions of a participant that is away, and decisions whose branches are
/// prepared on a real server.
/// </summary>
internal static class RecoveryCommand
{
    public const string Undelivered = "undelivered", Prepared = "prepared";

    // Undelivered ones count as open, and a coordinator that is full begins nothing.
    private static readonly string[] CoordinatorOptions = ["--max-open-transactions", "1000000"];
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    public static IReadOnlyList<string> Names { get; } = [Undelivered, Prepared];

    public static async Task<int> RunAsync(BenchmarkOptions options)
    {
        var rows = new List<Row>();
        var folder = Directory.CreateTempSubdirectory("coordinator-benchmarks-").FullName;
        try
        {
            await using var progress = ProgressBar.Start();
            var slots = string.Create(CultureInfo.InvariantCulture, $"max_prepared_transactions={options.Prepared + 100}");
            await using var servers = await ServerPair.StartAsync(ServerPair.Names[0], slots);
            progress.Plan(options.Undelivered.Count + 1);
            foreach (var count in options.Includes(Undelivered) ? options.Undelivered : [])
            {
                progress.Next($"{count} decisions that nobody has been told");
                rows.Add(await MeasureUndeliveredAsync(servers, Path.Combine(folder, $"{Undelivered}-{count}"), count));
            }

            if (options.Includes(Prepared))
            {
                progress.Next($"{options.Prepared} prepared branches");
                rows.Add(await MeasurePreparedAsync(servers, Path.Combine(folder, Prepared), options.Prepared));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        await RecoveryReport.WriteAsync(rows, options);
        return 0;
    }

    private static async Task<Row> MeasureUndeliveredAsync(ServerPair servers, string folder, int count)
    {
        await using var deployment = new Deployment(folder, CoordinatorOptions);
        var away = new ParticipantRecord("away", new ResourceIdentity(ResourceKind.Postgres, "gone", "gone", "gone"), DateTimeOffset.UtcNow);
        await BuiltLog.AddAsync(deployment.LogPath, count, new BranchName(away.Name, "benchmark0"), away);
        var start = await StartUp.MeasureAsync(deployment, await servers.CreateDatabasesAsync());
        return ToRow($"{Undelivered}-{count}", start);
    }

    private static async Task<Row> MeasurePreparedAsync(ServerPair servers, string folder, int count)
    {
        var databases = await servers.CreateDatabasesAsync();
        await using var deployment = new Deployment(folder, CoordinatorOptions);
        // So that the log knows the participant's database.
        await deployment.StartAsync(Deployment.CoordinatorName);
        await using (await SdkApplication.AttachAsync(databases, deployment, witness: true))
        {
        }

        await deployment.KillAsync(Deployment.CoordinatorName);
        var branches = await BuiltLog.AddAsync(deployment.LogPath, count, new BranchName("first", "benchmark0"), registers: null);
        await PreparedBranches.PrepareAsync(databases.First, branches);
        var all = TimeSpan.Zero;
        var start = await StartUp.MeasureAsync(deployment, databases, then: async started =>
        {
            while (await PreparedBranches.CountRecoveredAsync(databases.First) < count && Stopwatch.GetElapsedTime(started) < RecoveryLimit)
                await Task.Delay(Interval);
            all = Stopwatch.GetElapsedTime(started);
        });
        var (recovered, left) = (await PreparedBranches.CountRecoveredAsync(databases.First), await servers.CountPreparedAsync());
        if (recovered != count || left != 0)
            throw new InvalidOperationException($"{recovered} of {count} branches were committed, {left} are prepared, after {RecoveryLimit}.");
        var row = ToRow($"{Prepared}-{count}", start);
        return row with { Figures = new Dictionary<string, double>(row.Figures) { [RecoveryReport.AllSeconds] = all.TotalSeconds } };
    }

    private static Row ToRow(string name, StartUp start) => new(name, 1)
    {
        Figures = new Dictionary<string, double>
        {
            [RecoveryReport.BeginSeconds] = start.BeginSeconds,
            [RecoveryReport.CommitSeconds] = start.CommitSeconds,
            [RecoveryReport.ResidentMb] = start.ResidentBytes / (1024.0 * 1024),
        },
    };
}
