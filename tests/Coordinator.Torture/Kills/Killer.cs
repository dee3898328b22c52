using Coordinator.Testing;
using Coordinator.Torture.Clients;

namespace Coordinator.Torture.Kills;

/// <summary>
/// Carries a plan out. The coordinator's kills follow one another in one lane; each database with its participant, and
/// the clients, have lanes of their own, so that kills of different parts overlap as they come. Every lane keeps pace
/// with the longest one.
/// </summary>
internal sealed class Killer
{
    // How long a victim is given to be of use again before it is killed anew: mostly a moment of real work is hit, and
    // a run is never held up.
    private static readonly TimeSpan WorkLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DrillLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan PaceInterval = TimeSpan.FromMilliseconds(50);
    private const int CommitsBetweenKills = 3;
    private const int MaxPauseMilliseconds = 250;

    private readonly World _world;
    private readonly KillTally _tally;
    private readonly Random _random;
    private readonly Victim _coordinator;
    private readonly Dictionary<DatabaseKind, Victim> _participants;
    private readonly Dictionary<DatabaseKind, Victim> _databases;
    private readonly Victim[] _clients;
    private readonly List<Task> _drills = [];

    public Killer(World world, KillTally tally, int seed)
    {
        _world = world;
        _tally = tally;
        _random = new Random(seed);
        _coordinator = new Victim("coordinator", touches: 0, world.KillCoordinatorAsync, world.StartCoordinatorAsync);
        _participants = world.Databases.ToDictionary(kind => kind, kind => new Victim(
            $"participant {kind}", Bank.Bit(kind), () => world.KillParticipantAsync(kind), () => world.StartParticipantAsync(kind)));
        _databases = world.Databases.ToDictionary(kind => kind, kind => new Victim(
            $"database {kind}", Bank.Bit(kind), () => world.KillDatabaseAsync(kind), () => world.StartDatabaseAsync(kind)));
        _clients = [.. Enumerable.Range(0, world.Clients).Select(number => new Victim(
            $"client {number}", touches: 0, () => world.KillClientAsync(number), () => world.StartClientAsync(number)))];
    }

    /// <summary>Makes the strikes, and returns once every victim is back and every drill's outcome is told.</summary>
    /// <param name="strikes">All of them, unless time is up before.</param>
    /// <param name="timeIsUp">Begins no further strike.</param>
    public async Task RunAsync(IReadOnlyList<Strike> strikes, CancellationToken timeIsUp)
    {
        var lanes = strikes.GroupBy(LaneOf).Select(lane => new Lane([.. lane])).OrderByDescending(lane => lane.Strikes.Count).ToArray();
        await Task.WhenAll(lanes.Select(lane => RunLaneAsync(lane, lanes[0], timeIsUp)));
        await Task.WhenAll(_drills);
        _drills.Clear();
    }

    private static string LaneOf(Strike strike) => strike.Kind switch
    {
        { NeedsCoordinator: true } => "coordinator",
        { Group: Group.Client } => "client",
        _ => strike.Database.ToString()!,
    };

    private async Task RunLaneAsync(Lane lane, Lane longest, CancellationToken timeIsUp)
    {
        for (; lane.Done < lane.Strikes.Count && !timeIsUp.IsCancellationRequested; lane.Done++)
        {
            var due = (lane.Done + Next(1000) / 1000.0) / lane.Strikes.Count;
            while (lane != longest && longest.Progress < due && !timeIsUp.IsCancellationRequested)
                await Task.Delay(PaceInterval, CancellationToken.None);
            await StrikeAsync(lane.Strikes[lane.Done]);
        }
    }

    private Task StrikeAsync(Strike strike)
    {
        var kind = strike.Kind;
        if (kind == KillKind.CoordinatorPrepared)
            return DrillAsync(kind, Purpose.DrillPrepared, victim: null);
        if (kind == KillKind.CoordinatorDecided)
            return DrillAsync(kind, Purpose.DrillDecided, victim: null);
        if (kind == KillKind.ParticipantPrepared)
            return DrillAsync(kind, Next(2) == 0 ? Purpose.DrillPrepared : Purpose.DrillDecided, strike.Database);
        if (kind == KillKind.Client)
            return KillClientAsync(kind, Next(_clients.Length));
        if (kind == KillKind.CoordinatorRandom)
            return KillAsync(kind, [_coordinator]);
        var victim = kind.Group == Group.Database ? _databases[strike.Database!.Value] : _participants[strike.Database!.Value];
        return KillAsync(kind, kind.NeedsCoordinator ? [victim, _coordinator] : [victim]);
    }

    /// <summary>Kills at a random moment of work, all at once where there are several.</summary>
    private async Task KillAsync(KillKind kind, Victim[] victims)
    {
        foreach (var victim in victims)
            await HoldAtWorkAsync(victim);
        await Task.Delay(Pause());
        await KillHeldAsync(kind, victims);
    }

    private async Task KillClientAsync(KillKind kind, int number)
    {
        var victim = _clients[number];
        await HoldAtWorkAsync(victim, _world.ReportOf(number));
        await Task.Delay(Pause());
        var killed = DateTimeOffset.UtcNow;
        await victim.KillAsync();
        await victim.RestartAsync();
        victim.Gate.Release();
        _tally.Killed(kind, killed, _world.Journal.CommitsAsync(victim.BackAt, touches: 0, count: 1, _world.ReportOf(number)));
    }

    /// <summary>
    /// Stops a transaction at a point of its commit, and kills the coordinator there; before it, if asked for, a
    /// participant that holds one of the prepared branches.
    /// </summary>
    private async Task DrillAsync(KillKind kind, Purpose point, DatabaseKind? victim)
    {
        await HoldAtWorkAsync(_coordinator);
        if (victim is { } holds)
            await _participants[holds].Gate.WaitAsync();
        using var limit = new CancellationTokenSource(DrillLimit);
        while (!await ReachAsync(point, victim))
        {
            // Other parts are being killed meanwhile, and one of them may have ended the transaction.
            if (limit.IsCancellationRequested)
                throw new TimeoutException($"No transaction reached {point} within {DrillLimit.TotalSeconds:0} s, though the coordinator is up.");
        }

        await KillHeldAsync(kind, victim is { } held ? [_participants[held], _coordinator] : [_coordinator]);
    }

    /// <summary>Runs a transfer that stops at the point. False if it ended before.</summary>
    private async Task<bool> ReachAsync(Purpose point, DatabaseKind? needed)
    {
        var up = _world.Databases.Where(kind => kind == needed || (_databases[kind].IsUp && _participants[kind].IsUp)).ToArray();
        var transfer = needed is { } one
            ? Transfer.Draw(_random, up, up.Length, point)
            : Transfer.Draw(_random, up, Math.Min(up.Length, 2 + Next(2)), point);
        if (up.Length < 2)
        {
            await Task.Delay(PaceInterval);
            return false;
        }

        var process = _world.CoordinatorProcess;
        var transaction = await _world.Teller.BeginAsync(point, transfer.Touches);
        if (transaction is null)
            return false;
        if (!await _world.Teller.TryAsync(transaction, point, transfer.Touches, () => transfer.WorkAsync(transaction, _world.Addresses)))
        {
            await transaction.DisposeAsync();
            return false;
        }

        var commit = _world.Teller.CommitAsync(transaction, point, transfer.Touches);
        _drills.Add(commit);
        var reached = process.WaitForLineAsync($"drill: {transaction.Id} reached", DrillLimit);
        if (await Task.WhenAny(reached, commit) != reached)
            return false;
        await reached;
        _tally.Reached(transaction.Id.Value);
        return true;
    }

    /// <summary>Takes a victim's gate once it has been of use since it came back, or has had its time.</summary>
    private async Task HoldAtWorkAsync(Victim victim, string? report = null)
    {
        await victim.Gate.WaitAsync();
        var work = _world.Journal.CommitsAsync(victim.BackAt, victim.Touches, CommitsBetweenKills, report);
        await Task.WhenAny(work, Task.Delay(WorkLimit));
    }

    private async Task KillHeldAsync(KillKind kind, Victim[] victims)
    {
        var killed = DateTimeOffset.UtcNow;
        await Task.WhenAll(victims.Select(victim => victim.KillAsync()));
        await Task.WhenAll(victims.Select(victim => victim.RestartAsync()));
        foreach (var victim in victims)
            victim.Gate.Release();
        _tally.Killed(kind, killed, _world.Journal.CommitsAsync(
            victims.Max(victim => victim.BackAt), victims.Aggregate(0, (set, victim) => set | victim.Touches), count: 1));
    }

    private TimeSpan Pause() => TimeSpan.FromMilliseconds(Next(MaxPauseMilliseconds));

    // The lanes share it.
    private int Next(int end)
    {
        lock (_random)
            return _random.Next(end);
    }

    private sealed class Lane(IReadOnlyList<Strike> strikes)
    {
        public IReadOnlyList<Strike> Strikes => strikes;

        public int Done { get; set; }

        public double Progress => Done >= strikes.Count ? double.PositiveInfinity : (double)Done / strikes.Count;
    }
}
