using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Coordinator.Torture.Output;

/// <summary>Writes a result: a table and closing lines, or JSON; the last line is the same either way.</summary>
internal static class ResultWriter
{
    private const int MostShown = 20;
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>With JSON the document alone is on standard output, and the last line on standard error.</summary>
    public static void Write(Result result, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(result, Json));
            Console.Error.WriteLine(result.Line);
            return;
        }

        AnsiConsole.Write(Table(result));
        foreach (var line in Lines(result))
            Console.Out.WriteLine(line);
        Console.Out.WriteLine(result.Line);
    }

    private static Table Table(Result result)
    {
        var table = new Table().RoundedBorder().AddColumns("kind of kill", "strikes", "kills", "median recovery", "longest");
        foreach (var column in table.Columns.Skip(1))
            column.RightAligned();
        foreach (var row in result.Rows)
            table.AddRow(row.Kind, Text(row.Strikes), Text(row.Kills), Text(row.MedianRecovery), Text(row.MaxRecovery));
        return table;
    }

    private static IEnumerable<string> Lines(Result result)
    {
        yield return $"transfers: {result.Transfers}, committed {result.Committed}, rolled back {result.RolledBack}; "
            + $"{result.SettledFromDoubt} of them in doubt for a time, then settled";
        yield return $"audits with every account locked: {result.Audits}; databases: {string.Join(", ", result.Databases)}; "
            + string.Create(CultureInfo.InvariantCulture, $"seed {result.Seed}; {result.Took.TotalSeconds:0} s");
        if (result.Unproven > 0)
            yield return $"commits in one phase on PostgreSQL whose answer was lost, told as unknown: {result.Unproven}";
        foreach (var finding in result.Findings.Take(MostShown))
            yield return $"BROKEN ({finding.Broken}): {finding.Text}";
        if (result.Findings.Count > MostShown)
            yield return $"and {result.Findings.Count - MostShown} more";
        if (result.BrokeOff is { } brokeOff)
            yield return $"The run broke off: {brokeOff}";
        if (!result.IsGood)
            yield return $"All outputs, reports and the coordinator's log are kept in {result.Folder}";
        if (result.Kills != result.PlannedKills)
            yield return $"{result.Kills} of {result.PlannedKills} kills were made.";
        if (result.WithoutMySql is { } reason)
            yield return $"Real MySQL could not be had here, so it took no part: {reason}";
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(TimeSpan? time) => time is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalSeconds:0.00} s") : "-";
}
