using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Log;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl log</c>: a coordinator's write-ahead log, looked at while no coordinator has it open.</summary>
internal static class LogCommand
{
    private const string Details = """
        DIR is the coordinator's data folder, or the log's file. A log that a running coordinator has open is left alone.

        Examples:
          coordctl log backup /backup/coordinator.db
          coordctl log verify /backup/coordinator.db
          coordctl log dump coordinator-data --transaction k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef

        A log was lost or damaged:
          1. Stop the coordinator. Keep a copy of its data folder.
          2. Remove coordinator.db-wal, and put the backup in the place of coordinator.db. Leave coordinator.db.mark.
          3. coordctl log restored coordinator-data --reason "disk lost, ticket 4711"
          4. Start the coordinator. 'coordctl in-doubt' shows as quarantined whatever the lost records may have decided;
             'coordctl resolve' settles it.
        """;

    public static Command Create(Runner runner)
    {
        var log = new Command("log", "The coordinator's log: verify, dump, back up, declare a restore.");
        log.Subcommands.Add(CreateVerify(runner));
        log.Subcommands.Add(LogDumpCommand.Create(runner));
        log.Subcommands.Add(LogBackupCommand.Create(runner));
        log.Subcommands.Add(CreateRestored(runner));
        return runner.Groups(log, Details);
    }

    public static Argument<string> Folder() => new("dir") { Description = "The coordinator's data folder, or the log's file", HelpName = "DIR" };

    public static LogDocument From(LogReport report) => new(
        report.Path,
        report.Cluster?.Value,
        report.Epoch?.ToString(),
        report.End,
        report.Records,
        report.MarkPosition,
        report.Horizon is { } horizon ? new HorizonDocument(horizon.EpochNumber, horizon.Sequence) : null,
        report.RestoredBefore,
        report.Unfinished);

    public static void Write(LogDocument log, IText text) => text.Fields(
    [
        ("Log", log.Path),
        ("Cluster", log.Cluster ?? "none: no coordinator has begun in it"),
        ("Epoch", log.Epoch),
        ("Records", $"{log.Records}, up to position {log.End}"),
        ("High-water mark", log.MarkPosition is { } mark ? $"position {mark}" : "none: a backup, to be declared before it is used"),
        ("Trimmed", log.Horizon is { } horizon ? $"up to epoch {horizon.Epoch} sequence {horizon.Sequence}" : "never"),
        ("Restored", log.RestoredBefore is { } epoch ? new Cell($"epochs up to {epoch} are quarantined", Tone.Warning) : "never"),
        ("Unfinished decisions", log.Unfinished),
    ]);

    private static Command CreateVerify(Runner runner)
    {
        var folder = Folder();
        var command = new Command("verify", "Verifies every record of a log, its chain, its indexes and its high-water mark. Changes nothing.")
        {
            folder,
        };
        return runner.Runs(command, async run =>
        {
            var document = From(await LogInspector.VerifyAsync(run.Arguments.GetRequiredValue(folder)));
            run.Report.Write(document, Documents.Types.LogDocument, text =>
            {
                text.Line(new Cell("The log is whole.", Tone.Good));
                Write(document, text);
            });
            return ExitCode.Ok;
        });
    }

    private static Command CreateRestored(Runner runner)
    {
        var folder = Folder();
        var reason = Symbols.Reason();
        var command = new Command(
            "restored", "Declares that a log was restored from a backup: nothing of the epochs before is presumed aborted.")
        {
            folder,
            reason,
        };
        return runner.Runs(
            command,
            async run =>
            {
                var path = run.Arguments.GetRequiredValue(folder);
                var record = await LogInspector.DeclareRestoredAsync(path, run.Arguments.GetRequiredValue(reason));
                var document = new LogRestoredDocument(path, record.EpochNumber, record.Reason, record.At);
                run.Report.Write(document, Documents.Types.LogRestoredDocument, text => text.Line(
                    $"Declared. Branches of epochs up to {document.QuarantinedUpToEpoch} without a decision are quarantined: "
                    + "start the coordinator and see 'coordctl in-doubt'."));
                return ExitCode.Ok;
            },
            changes: true,
            """
            Example:
              coordctl log restored coordinator-data --reason "disk lost, ticket 4711"
            """);
    }
}
