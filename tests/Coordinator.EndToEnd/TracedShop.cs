using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>
/// A coordinator and two participants, on PostgreSQL and MariaDB, each its own process that exports its spans to one collector.
/// </summary>
internal sealed class TracedShop : IAsyncDisposable
{
    public static readonly string[] Participants = ["orders", "inventory"];

    private static readonly Dictionary<string, (DatabaseKind Kind, string Placeholder)> Databases = new()
    {
        ["orders"] = (DatabaseKind.Postgres, "$1"),
        ["inventory"] = (DatabaseKind.MariaDb, "?"),
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("coordinator-traced-").FullName;
    private readonly Deployment _deployment;

    private TracedShop(Uri collector) => _deployment = new Deployment(
        _folder,
        ["--drill", "--otlp-endpoint", collector.ToString()],
        // Spans leave at once: what a killed process holds back is lost.
        new Dictionary<string, string?> { ["OTEL_BSP_SCHEDULE_DELAY"] = "50" });

    public ProcessHandle CoordinatorProcess => _deployment.Process(Deployment.CoordinatorName);

    public static async Task<TracedShop> StartAsync(Uri collector)
    {
        var shop = new TracedShop(collector);
        foreach (var name in Participants)
        {
            var server = await SharedServers.GetAsync(Databases[name].Kind);
            var database = await server.CreateDatabaseAsync();
            await server.QueryAsync("CREATE TABLE work (id varchar(64) PRIMARY KEY);", database);
            shop._deployment.AddParticipant(name, server, server.AdminConnectionString(database), ["--otlp-endpoint", collector.ToString()]);
        }

        await shop._deployment.StartAsync(Deployment.CoordinatorName);
        await Task.WhenAll(Participants.Select(shop._deployment.StartAsync));
        return shop;
    }

    public CoordinatorClient Connect() => CoordinatorClient.Connect(_deployment.Coordinator);

    /// <summary>A transaction with work in both databases, not committed.</summary>
    public async Task<GlobalTransaction> WorkAsync(CoordinatorClient client, string name)
    {
        var transaction = await client.BeginAsync(new BeginOptions { Name = name, Timeout = TimeSpan.FromSeconds(60) });
        foreach (var participant in Participants)
        {
            await transaction.Sql(_deployment.SqlAddress(participant))
                .ExecuteAsync($"INSERT INTO work VALUES ({Databases[participant].Placeholder})", [transaction.Id.Value]);
        }

        return transaction;
    }

    /// <summary>kill -9, and a new start on the same log.</summary>
    public async Task KillAndRestartCoordinatorAsync()
    {
        await _deployment.KillAsync(Deployment.CoordinatorName);
        await _deployment.StartAsync(Deployment.CoordinatorName);
    }

    public async ValueTask DisposeAsync()
    {
        await _deployment.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
