using System.Globalization;
using Coordinator.Participant.Session;
using Microsoft.Extensions.Logging;
using Wire = Coordinator.Contracts.V1;

namespace Coordinator.Participant.Attach;

/// <summary>
/// Turns a command into its answer. It never throws: what was not done, or whose result nobody knows, is answered as
/// Failed, and the coordinator sends it again. A command that runs is never cancelled, not even by its stream's end (R12).
/// </summary>
internal sealed class CommandExecutor(ParticipantSession session, ParticipantOptions options, ILogger logger)
{
    // Room for the frame around an answer.
    private const int FrameBytes = 64;

    public async Task<Wire.Answer> ExecuteAsync(Wire.Command command)
    {
        using var span = ParticipantTracing.StartCommand(command, session.Name);
        var answer = await ExecuteCoreAsync(command);
        ParticipantTracing.End(span, answer);
        return answer;
    }

    private async Task<Wire.Answer> ExecuteCoreAsync(Wire.Command command)
    {
        try
        {
            if (!session.Accepts(Epoch.Parse(command.Epoch)))
            {
                Log.OlderEpoch(logger, command.Epoch, session.Name);
                return Failed(command, $"Epoch {command.Epoch} is older than {session.Epoch}, which attached since.");
            }

            var answer = await AnswerAsync(command);
            answer.CommandId = command.CommandId;
            return answer.CalculateSize() + FrameBytes <= options.MaxMessageBytes ? answer : TooLarge(command, answer);
        }
        catch (Exception failure) when (failure is ParticipantUnavailableException or FormatException)
        {
            Log.CommandNotDone(logger, command.CommandCase, failure.Message);
            return Failed(command, failure.Message);
        }
        catch (Exception failure)
        {
            // The RPC's edge: a defect must not end the stream that other transactions share (R11).
            Log.CommandBroke(logger, failure, command.CommandCase);
            return Failed(command, $"{failure.GetType().Name}: {failure.Message}");
        }
    }

    public static Wire.Answer Failed(Wire.Command command, string message) =>
        new() { CommandId = command.CommandId, Failed = new Wire.Failed { Message = message } };

    private async Task<Wire.Answer> AnswerAsync(Wire.Command command)
    {
        var none = CancellationToken.None;
        switch (command.CommandCase)
        {
            case Wire.Command.CommandOneofCase.Prepare:
                var prepare = WireMapping.ToBranch(command.Prepare.TransactionId, command.Prepare.Branch);
                return new() { Vote = WireMapping.ToWire(await session.PrepareAsync(prepare, none)) };
            case Wire.Command.CommandOneofCase.CommitOnePhase:
                var onePhase = WireMapping.ToBranch(command.CommitOnePhase.TransactionId, command.CommitOnePhase.Branch);
                return Report(await session.CommitOnePhaseAsync(onePhase, none));
            case Wire.Command.CommandOneofCase.Commit:
                var commit = WireMapping.ToBranch(command.Commit.TransactionId, command.Commit.Branch);
                return Report(await session.CommitAsync(commit, WireMapping.ToEvidence(command.Commit.Evidence), none));
            case Wire.Command.CommandOneofCase.Rollback:
                var rollback = WireMapping.ToBranch(command.Rollback.TransactionId, command.Rollback.Branch);
                return Report(await session.RollbackAsync(rollback, WireMapping.ToEvidence(command.Rollback.Evidence), none));
            case Wire.Command.CommandOneofCase.FindOutcome:
                var find = WireMapping.ToBranch(command.FindOutcome.TransactionId, command.FindOutcome.Branch);
                return Report(await session.FindOutcomeAsync(find, WireMapping.ToEvidence(command.FindOutcome.Evidence), none));
            case Wire.Command.CommandOneofCase.ListPrepared:
                return new() { Scan = WireMapping.ToWire(await session.ListPreparedAsync(none)) };
            case Wire.Command.CommandOneofCase.Remember:
                await session.RememberAsync(WireMapping.ToMark(command.Remember), none);
                return new() { Done = new Wire.Done() };
            default:
                throw new FormatException("The command is of a kind that this version does not know.");
        }
    }

    private static Wire.Answer Report(BranchReport report) => new() { Report = WireMapping.ToWire(report) };

    // A scan that is cut short would say of branches that they are not prepared.
    private Wire.Answer TooLarge(Wire.Command command, Wire.Answer answer) => Failed(command, string.Create(
        CultureInfo.InvariantCulture,
        $"The answer has {answer.CalculateSize()} bytes ({answer.Scan?.Branches.Count ?? 0} prepared branches), and {options.MaxMessageBytes} are allowed: raise MaxMessageBytes here and at the coordinator."));
}
