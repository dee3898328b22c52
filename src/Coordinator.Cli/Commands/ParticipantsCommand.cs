using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl participants</c> and <c>coordctl participants remove</c></summary>
internal static class ParticipantsCommand
{
    public static Command Create(Runner runner)
    {
        var list = new Command("participants", "Every registered participant, attached or not.");
        list.Subcommands.Add(CreateRemove(runner));
        return runner.Runs(list, ListAsync);
    }

    private static Command CreateRemove(Runner runner)
    {
        var name = new Argument<string>("name") { Description = "The participant's name", HelpName = "NAME" };
        name.Validators.Add(result =>
        {
            if (!BranchName.IsParticipant(result.Tokens.Single().Value))
                result.AddError($"'{result.Tokens.Single().Value}' is not a participant's name.");
        });
        var reason = Symbols.Reason();
        var remove = new Command(
            "remove", "Removes a participant that never comes back. What it has not been told becomes a heuristic hazard.")
        {
            name,
            reason,
        };
        return runner.Runs(
            remove,
            run => RemoveAsync(run, run.Arguments.GetRequiredValue(name), run.Arguments.GetRequiredValue(reason)),
            changes: true,
            """
            Example:
              coordctl participants remove payments --reason "database retired, ticket 4711"
            """);
    }

    private static async Task<int> ListAsync(Run run)
    {
        var answer = await run.AskAsync((operators, call) => operators.ListParticipantsAsync(new ListParticipantsRequest(), call));
        var document = new ParticipantsDocument([.. answer.Participants.Select(From)]);
        run.Report.Write(document, Documents.Types.ParticipantsDocument, text => Write(document, text));
        return ExitCode.Ok;
    }

    private static async Task<int> RemoveAsync(Run run, string name, string reason)
    {
        var request = new RemoveParticipantRequest { Name = name, Reason = reason };
        var answer = await run.AskAsync((operators, call) => operators.RemoveParticipantAsync(request, call));
        var document = new RemovedDocument(name, answer.AbandonedBranches);
        run.Report.Write(document, Documents.Types.RemovedDocument, text => text.Line(document.AbandonedBranches == 0
            ? $"Removed {name}. It had been told everything."
            : new Cell(
                $"Removed {name}. {document.AbandonedBranches} branches were not told their decision and are now heuristic hazards: see 'coordctl in-doubt'.",
                Tone.Warning)));
        return ExitCode.Ok;
    }

    private static ParticipantDocument From(Participant participant) => new(
        participant.Name,
        participant.Resource is { } resource ? Documents.Name(resource.Kind) : null,
        participant.Resource?.Server,
        participant.Resource?.Database,
        participant.Resource?.Row,
        [.. participant.Instances.Select(instance => new InstanceDocument(
            instance.Instance_,
            Documents.Moment(instance.AttachedAt),
            Documents.Text(instance.SqlAddress),
            Documents.Text(instance.ServerVersion)))],
        Documents.Moment(participant.RegisteredAt),
        Documents.Moment(participant.LastScanAt),
        Documents.Text(participant.LastScanError),
        participant.Undelivered,
        participant.OpenBranches);

    private static void Write(ParticipantsDocument document, IText text)
    {
        if (document.Participants.Count == 0)
        {
            text.Line("No participant is registered.");
            return;
        }

        text.Table(
            "",
            ["Name", "Kind", "Database", "Attached", "Open", "Undelivered", "Last scan", "SQL", "Trouble"],
            [.. document.Participants.Select(participant => (IReadOnlyList<Cell>)
            [
                participant.Name,
                participant.Kind,
                participant.Database,
                participant.Instances.Count == 0
                    ? new Cell("no", Tone.Warning)
                    : string.Join(", ", participant.Instances.Select(instance => instance.Instance)),
                participant.OpenBranches,
                participant.Undelivered,
                participant.LastScanAt,
                string.Join(", ", participant.Instances.Select(instance => instance.SqlAddress).OfType<string>()),
                new Cell(participant.LastScanError ?? "", Tone.Bad),
            ])]);
    }
}
