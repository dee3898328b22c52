using System.CommandLine;
using System.Globalization;
using Coordinator.Cli.Output;
using Coordinator.Engine;
using Coordinator.Log;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl log dump</c></summary>
internal static class LogDumpCommand
{
    public static Command Create(Runner runner)
    {
        var folder = LogCommand.Folder();
        var transaction = CreateTransaction();
        var command = new Command(
            "dump", "Shows the records of a log in order, up to the first damaged one. With -o json, one document a line for each.")
        {
            folder,
            transaction,
        };
        return runner.Runs(command, run => RunAsync(
            run,
            run.Arguments.GetRequiredValue(folder),
            run.Arguments.GetValue(transaction) is { } id ? TransactionId.Parse(id) : null));
    }

    private static Option<string> CreateTransaction()
    {
        var transaction = new Option<string>("--transaction") { Description = "Only the records of this transaction", HelpName = "id" };
        transaction.Validators.Add(Symbols.CheckId);
        return transaction;
    }

    private static async Task<int> RunAsync(Run run, string path, TransactionId? transaction)
    {
        var isFirst = true;
        await LogInspector.DumpAsync(path, (position, record) =>
        {
            run.Interrupted.ThrowIfCancellationRequested();
            if (transaction is not null && TransactionOf(record) != transaction)
                return;
            var document = From(position, record);
            // Line by line: a log of millions of records has no table's worth of room.
            run.Report.Write(document, Documents.Types.LogRecordDocument, text =>
            {
                if (isFirst)
                    text.Line("  POSITION  TIME                      RECORD");
                text.Line(string.Create(
                    CultureInfo.InvariantCulture, $"{document.Position,10}  {document.At:yyyy-MM-dd HH:mm:ss.fff'Z'}  {document.Text}"));
            });
            isFirst = false;
        });
        return ExitCode.Ok;
    }

    private static LogRecordDocument From(long position, LogRecord record) => new(
        position,
        record.At,
        KindOf(record),
        TransactionOf(record)?.Value,
        record switch
        {
            DecisionRecord decision => Documents.Name(decision.Decision),
            HeuristicRecord heuristic => Documents.Name(heuristic.Decided),
            ResolvedRecord resolved => Documents.Name(resolved.Decision),
            _ => null,
        },
        record switch
        {
            DecisionRecord decision => [.. decision.Branches.Select(branch => branch.Branch.ToString())],
            HeuristicRecord heuristic => [heuristic.Branch.Branch.ToString()],
            ResolvedRecord { Branch: { } branch } => [branch.ToString()],
            _ => [],
        },
        RecordText.Of(record));

    private static TransactionId? TransactionOf(LogRecord record) => record switch
    {
        DecisionRecord decision => decision.Transaction,
        EndRecord end => end.Transaction,
        HeuristicRecord heuristic => heuristic.Branch.Transaction,
        ForgottenRecord forgotten => forgotten.Transaction,
        ResolvedRecord resolved => resolved.Transaction,
        _ => null,
    };

    private static string KindOf(LogRecord record) => record switch
    {
        EpochRecord => "epoch",
        DecisionRecord => "decision",
        EndRecord => "end",
        ParticipantRecord => "participant",
        ParticipantRemovedRecord => "participant-removed",
        HeuristicRecord => "heuristic",
        ForgottenRecord => "forgotten",
        ResolvedRecord => "resolved",
        HorizonRecord => "horizon",
        RestoredRecord => "restored",
        _ => throw new ArgumentException($"{record.GetType().Name} has no name here.", nameof(record)),
    };
}
