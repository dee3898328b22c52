using System.Diagnostics.Metrics;
using Coordinator;
using Coordinator.Participant;
using Coordinator.Participant.Context;
using Coordinator.Participant.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>How a service becomes a participant.</summary>
public static class ParticipantServiceCollectionExtensions
{
    /// <summary>
    /// Attaches a database to a coordinator for as long as the host runs. Get it as
    /// <see cref="ICoordinatorParticipant"/>, by its name as the key; the first one of a process also without a key.
    /// </summary>
    /// <param name="services">The service's.</param>
    /// <param name="name">The participant's name: 1 to 40 characters of [a-z0-9-], starting with a letter.</param>
    /// <param name="coordinator">Where the coordinator listens, for example http://127.0.0.1:7070.</param>
    /// <param name="resources">Makes the resource manager, which the participant then owns.</param>
    /// <param name="configure">Changes limits.</param>
    public static IServiceCollection AddCoordinatorParticipant(
        this IServiceCollection services,
        string name,
        Uri coordinator,
        Func<IServiceProvider, IResourceManager> resources,
        Action<ParticipantOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(coordinator);
        ArgumentNullException.ThrowIfNull(resources);
        if (!BranchName.IsParticipant(name))
            throw new ArgumentException("A participant's name is 1 to 40 characters of [a-z0-9-] and starts with a letter.", nameof(name));
        var options = new ParticipantOptions();
        configure?.Invoke(options);
        options.Validate();
        services.AddMetrics();
        services.TryAddSingleton(provider => new ParticipantMetrics(provider.GetRequiredService<IMeterFactory>()));
        services.AddKeyedSingleton(name, (provider, _) => Create(provider, name, coordinator, resources(provider), options));
        services.AddKeyedSingleton<ICoordinatorParticipant>(name, (provider, _) => Get(provider, name));
        services.TryAddSingleton<ICoordinatorParticipant>(provider => Get(provider, name));
        // Not AddHostedService: it would take several participants of one type for duplicates.
        services.AddSingleton<IHostedService>(provider => Get(provider, name));
        return services;
    }

    /// <summary>Serves <see cref="TransactionContext.Current"/> to HTTP requests; put it before the endpoints.</summary>
    public static IApplicationBuilder UseCoordinatorTransactions(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.UseMiddleware<TransactionMiddleware>();
    }

    private static ParticipantService Get(IServiceProvider provider, string name) =>
        provider.GetRequiredKeyedService<ParticipantService>(name);

    private static ParticipantService Create(
        IServiceProvider provider, string name, Uri coordinator, IResourceManager resources, ParticipantOptions options)
    {
        var participant = new ParticipantService(
            name,
            coordinator,
            resources,
            options,
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger("Coordinator.Participant"),
            provider.GetService<IHostApplicationLifetime>());
        provider.GetRequiredService<ParticipantMetrics>().Watch(participant);
        return participant;
    }
}
