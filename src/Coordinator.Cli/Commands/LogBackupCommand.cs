using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Contracts.V1;
using Coordinator.Log;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl log backup</c></summary>
internal static class LogBackupCommand
{
    private const string Details = """
        The copy is verified whole before it gets its name. It is no log yet: 'coordctl log --help' tells how to restore it.

        Examples:
          coordctl log backup /backup/coordinator.db --overwrite
          coordctl log backup /backup/coordinator.db --from coordinator-data
        """;

    public static Command Create(Runner runner)
    {
        var target = new Argument<string>("file") { Description = "Where the copy is to lie, on this machine", HelpName = "FILE" };
        var from = new Option<string>("--from")
        {
            Description = "The data folder of a coordinator that does not run; without it, the running one is asked",
            HelpName = "dir",
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Take the place of an older backup" };
        var command = new Command("backup", "Copies the log of a running coordinator, or with --from one that nobody has open.")
        {
            target,
            from,
            overwrite,
        };
        return runner.Runs(
            command,
            async run =>
            {
                var (file, overwrites) = (run.Arguments.GetRequiredValue(target), run.Arguments.GetValue(overwrite));
                var report = run.Arguments.GetValue(from) is { } folder
                    ? await LogInspector.BackupAsync(folder, file, overwrites)
                    : await FetchAsync(run, file, overwrites);
                var document = LogCommand.From(report);
                run.Report.Write(document, Documents.Types.LogDocument, text => LogCommand.Write(document, text));
                return ExitCode.Ok;
            },
            details: Details);
    }

    private static async Task<LogReport> FetchAsync(Run run, string target, bool overwrites)
    {
        using var backup = new BackupFile(target, overwrites);
        BackupLogHeader? header = null;
        await using (var file = backup.OpenWrite())
        {
            await foreach (var part in run.AskForAllAsync((operators, call) => operators.BackupLog(new BackupLogRequest(), call)))
            {
                if (part.PartCase == BackupLogResponse.PartOneofCase.Header)
                    header = part.Header;
                else
                    await file.WriteAsync(part.Data.Memory, run.Interrupted);
            }

            if (header is null || file.Length != header.SizeBytes)
                throw new IOException($"The copy came incomplete: {file.Length} bytes of {header?.SizeBytes ?? 0}.");
        }

        return await backup.CompleteAsync(header.End);
    }
}
