using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation;

/// <summary>
/// How often what goes wrong, in one schedule. Each rate is drawn by the seed, and often zero: a swarm of different mixes
/// finds more than one mix of everything (Groce et al., "Swarm testing", 2012).
/// </summary>
internal sealed record Faults
{
    /// <summary>Messages that are lost, that come twice, and how long they take at most.</summary>
    public double MessageLost { get; init; }

    public double MessageTwice { get; init; }

    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>A link that breaks at a message, and one whose messages overtake each other.</summary>
    public double LinkBreaks { get; init; }

    public bool LinksReorder { get; init; }

    /// <summary>A stream on which nothing arrives any more, at a message, and neither side is told.</summary>
    public double StreamsGoSilent { get; init; }

    /// <summary>Initiators' transactions that somebody else asks for.</summary>
    public double Meddling { get; init; }

    /// <summary>Requests to a database that are lost, whose answer is lost, or that it refuses for the moment.</summary>
    public double RequestLost { get; init; }

    public double AnswerLost { get; init; }

    public double Transient { get; init; }

    /// <summary>A branch's statement that fails, and a prepare that the database refuses.</summary>
    public double StatementFails { get; init; }

    public double PrepareRefused { get; init; }

    /// <summary>A prepared branch on MariaDB that is finished from elsewhere and becomes hidden.</summary>
    public double Hidden { get; init; }

    /// <summary>At a database's crash: how likely it comes back with finished branches prepared again.</summary>
    public double FinishedComesBack { get; init; }

    /// <summary>A write or fsync of the log that fails; and of those, how many reach the disk all the same.</summary>
    public double LogWriteFails { get; init; }

    public double FailedWriteIsThere { get; init; }

    /// <summary>A crash that tears the log's tail; a bit of a durable record that flips while the coordinator is down.</summary>
    public double TornTail { get; init; }

    public double BitFlips { get; init; }

    /// <summary>A coordinator's crash after which an old backup of the log is put in place, and whether that is declared.</summary>
    public double LogRestored { get; init; }

    public bool RestoreIsDeclared { get; init; }

    /// <summary>The chance at each step that one of a kind of process is killed, or stopped for a while.</summary>
    public double CoordinatorDies { get; init; }

    public double ParticipantDies { get; init; }

    public double DatabaseDies { get; init; }

    public double ClientDies { get; init; }

    public double ProcessStops { get; init; }

    /// <summary>The chance that something is killed within milliseconds after a prepare, a decision or a branch's end.</summary>
    public double DiesAtPoints { get; init; }

    /// <summary>How far the clocks on the wall may be off.</summary>
    public TimeSpan MaxClockSkew { get; init; }

    /// <summary>None: what the world is like once it heals.</summary>
    public static Faults None { get; } = new();

    public static Faults Draw(SeededRandom random)
    {
        // Some worlds are calm but for one thing; where all goes wrong at once, little gets as far as to commit.
        var mood = random.Pick<double>([0.15, 0.4, 1]);
        double Rate(double chance, double max) => random.Chance(chance * mood) ? random.Fraction() * max : 0;
        return new Faults
        {
            MessageLost = Rate(0.5, 0.3),
            MessageTwice = Rate(0.4, 0.5),
            MaxDelay = TimeSpan.FromMilliseconds(random.Chance(0.3 * mood) ? random.Between(TimeSpan.Zero, TimeSpan.FromSeconds(3)).TotalMilliseconds : 5),
            LinkBreaks = Rate(0.4, 0.05),
            LinksReorder = random.Chance(0.3),
            StreamsGoSilent = Rate(0.4, 0.03),
            Meddling = Rate(0.4, 0.5),
            RequestLost = Rate(0.3, 0.1),
            AnswerLost = Rate(0.4, 0.2),
            Transient = Rate(0.3, 0.2),
            StatementFails = Rate(0.3, 0.2),
            PrepareRefused = Rate(0.3, 0.3),
            Hidden = Rate(0.9, 0.9),
            FinishedComesBack = Rate(0.4, 1),
            LogWriteFails = Rate(0.35, 0.2),
            FailedWriteIsThere = random.Fraction(),
            TornTail = Rate(0.5, 1),
            BitFlips = Rate(0.15, 0.5),
            LogRestored = Rate(0.15, 0.6),
            RestoreIsDeclared = random.Chance(0.5),
            CoordinatorDies = Rate(0.6, 0.006),
            ParticipantDies = Rate(0.5, 0.004),
            DatabaseDies = Rate(0.4, 0.003),
            ClientDies = Rate(0.3, 0.003),
            ProcessStops = Rate(0.3, 0.003),
            DiesAtPoints = random.Chance(0.4) ? random.Fraction() * 0.3 : 0,
            MaxClockSkew = random.Chance(0.2) ? TimeSpan.FromDays(30) : TimeSpan.Zero,
        };
    }
}
