using System.Diagnostics.Metrics;
using Coordinator.Participant.Session;

namespace Coordinator.Participant.Hosting;

/// <summary>
/// What the participants of a process hold, as <see cref="Meter"/> instruments. One that has not reached its database yet
/// is not attached, and nothing else of it is known.
/// </summary>
public sealed class ParticipantMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Coordinator.Participant";

    private static readonly HeldState[] States = [.. Enum.GetValues<HeldState>().Where(state => state != HeldState.Over)];
    private readonly Lock _gate = new();
    private readonly List<ICoordinatorParticipant> _participants = [];

    internal ParticipantMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge(
            "coordinator.participant.attached", () => Each(participant => participant.IsAttached ? 1 : 0), unit: null, "1 while attached to the coordinator, else 0.");
        meter.CreateObservableGauge(
            "coordinator.participant.branches", Branches, "{branch}", "Branches that the process holds, by state: each has a database session, but for prepared ones where the database lets go of them.");
        meter.CreateObservableGauge(
            "coordinator.participant.max_branches", () => Each(participant => participant.Session?.MaxOpenBranches), "{branch}", "How many the process holds at most.");
    }

    internal void Watch(ICoordinatorParticipant participant)
    {
        lock (_gate)
            _participants.Add(participant);
    }

    private IEnumerable<Measurement<int>> Each(Func<ICoordinatorParticipant, int?> read)
    {
        foreach (var participant in Participants())
        {
            if (read(participant) is { } value)
                yield return new Measurement<int>(value, Label(participant));
        }
    }

    private IEnumerable<Measurement<int>> Branches()
    {
        foreach (var participant in Participants())
        {
            if (participant.Session?.CountByState() is not { } counts)
                continue;
            foreach (var state in States)
                yield return new Measurement<int>(counts.GetValueOrDefault(state), Label(participant), new("state", state.ToString()));
        }
    }

    private List<ICoordinatorParticipant> Participants()
    {
        lock (_gate)
            return [.. _participants];
    }

    private static KeyValuePair<string, object?> Label(ICoordinatorParticipant participant) => new("participant", participant.Branch.Participant);
}
