using Coordinator.Cli.Output;
using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl status</c></summary>
internal static class StatusCommand
{
    public static Command Create(Runner runner) =>
        runner.Runs(new Command("status", "The coordinator's health and counters."), RunAsync);

    private static async Task<int> RunAsync(Run run)
    {
        var status = await run.AskAsync((operators, call) => operators.GetStatusAsync(new GetStatusRequest(), call));
        var document = new StatusDocument(
            status.Cluster,
            status.Epoch,
            status.Health,
            Documents.Text(status.Detail),
            status.Version,
            Documents.Moment(status.StartedAt),
            status.ParticipantsAttached,
            status.ParticipantsRegistered,
            new SortedDictionary<string, long>(status.OpenTransactions, StringComparer.Ordinal),
            status.Begun,
            status.Committed,
            status.Aborted,
            status.Heuristic,
            status.LogPosition,
            status.LogRecords,
            status.LogForcedWrites);
        run.Report.Write(document, Documents.Types.StatusDocument, text => Write(document, text));
        return ExitCode.Ok;
    }

    private static void Write(StatusDocument status, IText text)
    {
        var open = status.OpenTransactions.Where(pair => pair.Value > 0).Select(pair => $"{pair.Value} {pair.Key}").ToList();
        var fields = new List<(string, Cell)>
        {
            ("Health", Tones.Of(status.Health)),
            ("Cluster", status.Cluster),
            ("Epoch", status.Epoch),
            ("Version", status.Version),
            ("Started", status.StartedAt),
            ("Participants", $"{status.ParticipantsAttached} of {status.ParticipantsRegistered} attached"),
            ("Open transactions", open.Count == 0 ? "none" : string.Join(", ", open)),
            ("Since the start", $"{status.Begun} begun, {status.Committed} committed, {status.Aborted} aborted"),
            ("Heuristic outcomes", new Cell($"{status.Heuristic}", status.Heuristic > 0 ? Tone.Bad : Tone.Plain)),
            ("Log", $"position {status.LogPosition}, {status.LogRecords} records in {status.LogForcedWrites} forced writes"),
        };
        if (status.Detail is not null)
            fields.Insert(1, ("Detail", new Cell(status.Detail, Tone.Warning)));
        text.Fields(fields);
    }
}
