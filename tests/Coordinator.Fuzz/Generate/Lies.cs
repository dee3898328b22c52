using Coordinator.Contracts.V1;
using Outcome = Coordinator.Contracts.V1.BranchReport.Types.BranchOutcome;

namespace Coordinator.Fuzz.Generate;

/// <summary>What participants answer: the truth, or anything.</summary>
internal static class Lies
{
    /// <summary>As a good participant without a single prepared branch would.</summary>
    public static Answer Honest(Command command) => command.CommandCase switch
    {
        Command.CommandOneofCase.Prepare => new Answer { Vote = new VoteAnswer { Vote = VoteAnswer.Types.Vote.Prepared } },
        Command.CommandOneofCase.Commit or Command.CommandOneofCase.CommitOnePhase => Report(Outcome.Committed),
        Command.CommandOneofCase.Rollback or Command.CommandOneofCase.FindOutcome => Report(Outcome.RolledBack),
        Command.CommandOneofCase.ListPrepared => new Answer { Scan = new Contracts.V1.PreparedScan { ServerStart = "s" } },
        _ => new Answer { Done = new Done() },
    };

    /// <summary>Mostly the truth; else silence, failure, a made-up answer, another command's, or one sent twice.</summary>
    public static Answer? Draw(Command command, MessageMaker maker, Random random)
    {
        switch (random.Next(12))
        {
            case 0:
                return null;
            case 1:
                return new Answer { Failed = new Failed { Message = HostileValues.Text(random) } };
            case 2:
                var made = (Answer)maker.Make(Answer.Descriptor);
                made.CommandId = command.CommandId;
                return made;
            case 3:
                var another = Honest(command);
                another.CommandId = unchecked((ulong)HostileValues.Number(random));
                return another;
            case 4:
                return Report((Outcome)random.Next(1, 6));
            case 5 when command.ListPrepared is not null:
                return new Answer { Scan = (Contracts.V1.PreparedScan)maker.Make(Contracts.V1.PreparedScan.Descriptor) };
            default:
                return Honest(command);
        }
    }

    private static Answer Report(Outcome outcome) => new() { Report = new Contracts.V1.BranchReport { Outcome = outcome } };
}
