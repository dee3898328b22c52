using Coordinator.Simulation.Databases;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation;

/// <summary>Kills and stops processes, between any two steps.</summary>
internal sealed class Chaos(World world, SeededRandom random)
{
    private const int MaxDisasters = 12;
    private readonly double _total = world.Faults.CoordinatorDies + world.Faults.ParticipantDies + world.Faults.DatabaseDies
        + world.Faults.ClientDies + world.Faults.ProcessStops;

    private readonly double _backups = world.Faults.LogRestored > 0 ? 0.003 : 0;
    private int _disasters;

    public void BeforeStep()
    {
        if (_backups > 0 && random.Chance(_backups))
            world.Coordinator.Disk.TakeBackup();
        if (_disasters >= MaxDisasters || !random.Chance(_total))
            return;
        Strike();
    }

    /// <summary>Where a plan names the crash points, chance kills nobody.</summary>
    public void Stepping(SimulatedProcess process)
    {
        if (world.Setup.Crashes is not { } plan || !plan.DiesAt(process.Label))
            return;
        if (process == world.Coordinator.Process)
            world.Coordinator.Crash();
        else if (world.Participants.FirstOrDefault(node => node.Process == process) is { } participant)
            participant.Crash();
        else
            world.Clients.FirstOrDefault(client => client.Process == process)?.Crash();
    }

    /// <summary>The same at a database, before and after each request takes effect.</summary>
    public void Stepping(SimulatedServer server)
    {
        if (world.Setup.Crashes is { } plan && plan.DiesAt("database " + server.Name))
            Kill(server);
    }

    public void AtPoint()
    {
        if (_disasters >= MaxDisasters || !random.Chance(world.Faults.DiesAtPoints))
            return;
        _disasters++;
        Action kill = random.Below(3) switch
        {
            0 => world.Coordinator.Crash,
            1 => random.Pick(world.Participants).Crash,
            _ => KillDatabase,
        };
        world.Scheduler.After(random.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(random.Chance(0.5) ? 3 : 30)), () =>
        {
            // A world that has healed meanwhile may be at rest already.
            if (world.Oracle.AtPoint is not null)
                kill();
        });
    }

    private void Strike()
    {
        _disasters++;
        var faults = world.Faults;
        var drawn = random.Fraction() * _total;
        if ((drawn -= faults.CoordinatorDies) < 0)
            world.Coordinator.Crash();
        else if ((drawn -= faults.ParticipantDies) < 0)
            random.Pick(world.Participants).Crash();
        else if ((drawn -= faults.DatabaseDies) < 0)
            KillDatabase();
        else if ((drawn -= faults.ClientDies) < 0)
            CrashClient();
        else
            Stop();
    }

    private void CrashClient()
    {
        var drawn = random.Below(world.Clients.Count + world.Applications.Count);
        if (drawn < world.Clients.Count)
            world.Clients[drawn].Crash();
        else
            world.Applications[drawn - world.Clients.Count].Crash();
    }

    private void KillDatabase()
    {
        var server = random.Pick(world.Servers);
        if (server.IsUp)
            Kill(server);
    }

    private void Kill(SimulatedServer server)
    {
        world.Oracle.Note($"{server.Name} is killed");
        world.Oracle.Tally.Count("kills: database");
        server.Crash();
        world.Scheduler.After(random.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(8)), server.Restart);
    }

    private void Stop()
    {
        var process = random.Chance(0.5) ? world.Coordinator.Process : random.Pick(world.Participants).Process;
        if (process is null or { IsDead: true })
            return;
        world.Oracle.Note($"{process.Name} stops for a while");
        world.Oracle.Tally.Count("processes stopped for a while");
        process.Pause(random.Between(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(15)));
    }
}
