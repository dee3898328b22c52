using System.Globalization;
using Coordinator.Participant;
using Coordinator.ResourceManagers;
using Coordinator.Saga;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.Lab.World;

/// <summary>
/// The application's side: the participants of a shop, hosted with the SDK as a .NET service does, and their saga steps
/// over HTTP. Both work beside their databases; the coordinator and the saga's driver reach them over the network.
/// </summary>
internal sealed class ParticipantsHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ParticipantsHost(WebApplication app) => _app = app;

    public LockClock OrdersLocks { get; } = new();

    public LockClock InventoryLocks { get; } = new();

    public ICoordinatorParticipant Orders => Participant("orders");

    public ICoordinatorParticipant Billing => Participant("billing");

    public ICoordinatorParticipant Inventory => Participant("inventory");

    /// <summary>Where saga steps are taken.</summary>
    public int Port { get; private set; }

    /// <param name="shop">Its databases.</param>
    /// <param name="coordinator">Null: saga steps alone.</param>
    /// <param name="inventory">MariaDB's connection string, if it is reached otherwise than as the shop says.</param>
    /// <param name="lockTimeout">How long a statement of a branch waits for a lock.</param>
    /// <param name="steps">Saga steps by participant.</param>
    public static async Task<ParticipantsHost> StartAsync(
        Shop shop,
        Uri? coordinator,
        TimeSpan lockTimeout,
        string? inventory = null,
        Func<ParticipantsHost, IReadOnlyDictionary<string, ISagaParticipant>>? steps = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        ParticipantsHost? host = null;
        if (coordinator is not null)
        {
            builder.Services
                .AddCoordinatorParticipant("orders", coordinator, _ => new TimedResourceManager(new PostgresResourceManager(new PostgresOptions(shop.Orders)), host!.OrdersLocks), Configure)
                .AddCoordinatorParticipant("billing", coordinator, _ => new PostgresResourceManager(new PostgresOptions(shop.Billing)), Configure)
                .AddCoordinatorParticipant("inventory", coordinator, _ => new TimedResourceManager(new MySqlResourceManager(new MySqlOptions(inventory ?? shop.Inventory)), host!.InventoryLocks), Configure);
        }

        var app = builder.Build();
        host = new ParticipantsHost(app);
        var participants = steps?.Invoke(host) ?? new Dictionary<string, ISagaParticipant>();
        app.MapPost("/saga/{participant}", async (string participant, StepCommand command, CancellationToken stop) =>
            Results.Json(await participants[participant].ExecuteAsync(command, stop)));
        await app.StartAsync();
        host.Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return host;

        void Configure(ParticipantOptions options)
        {
            options.LockTimeout = lockTimeout;
            // An outage of seconds is shown here; pauses made for minutes would be all that is seen of it.
            options.MaxReconnectDelay = TimeSpan.FromMilliseconds(500);
        }
    }

    /// <summary>Waits until all three are attached.</summary>
    public async Task WhenAttachedAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (var participant in new[] { Orders, Billing, Inventory })
            await participant.WhenAttachedAsync(limit.Token);
    }

    /// <summary>The saga steps over a port on loopback, the host's own or a proxy's.</summary>
    public static IReadOnlyDictionary<string, ISagaParticipant> Remote(int port, HttpClient http, params string[] participants) =>
        participants.ToDictionary(
            name => name,
            name => (ISagaParticipant)new RemoteSagaParticipant(http, new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/saga/{name}"))));

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private ICoordinatorParticipant Participant(string name) => _app.Services.GetRequiredKeyedService<ICoordinatorParticipant>(name);
}
