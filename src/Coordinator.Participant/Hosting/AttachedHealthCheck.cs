using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Coordinator.Participant.Hosting;

/// <summary>Whether the participant is attached: without a coordinator its SQL service takes no work.</summary>
internal sealed class AttachedHealthCheck(ICoordinatorParticipant participant) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(participant.IsAttached ? HealthCheckResult.Healthy("attached") : HealthCheckResult.Unhealthy("not attached"));
}
