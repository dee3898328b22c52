using Coordinator.Engine;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Coordinator.Server;

/// <summary>Whether the coordinator takes work, for the pages of the health port and for <c>grpc.health.v1</c>.</summary>
internal sealed class CoordinatorHealthCheck(TransactionCoordinator coordinator) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (health, detail) = Health.Of(coordinator);
        return Task.FromResult(health == Health.Serving
            ? HealthCheckResult.Healthy(health)
            : HealthCheckResult.Unhealthy($"{health}: {detail}"));
    }
}
