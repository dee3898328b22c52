using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Tests;

public class StatusTests : CliTest
{
    public StatusTests() => Operators.Status.Answers(new GetStatusResponse
    {
        Cluster = "k7q2m9xa",
        Epoch = "12x9f8e7d6c",
        Health = "LOG_UNAVAILABLE",
        Detail = "disk full",
        StartedAt = At(hour: 9),
        Version = "0.1.0",
        LogPosition = 4711,
        OpenTransactions = { ["PREPARING"] = 2, ["ACTIVE"] = 5, ["COMMITTING"] = 0 },
        Begun = 100,
        Committed = 90,
        Aborted = 3,
        Heuristic = 1,
        ParticipantsAttached = 2,
        ParticipantsRegistered = 3,
        LogForcedWrites = 40,
        LogRecords = 300,
    });

    [Fact]
    public async Task Status_Piped_IsPlainText()
    {
        var result = await RunAsync("status");
        Assert.Equal(0, result.ExitCode);
        AssertText(
            """
            Health              LOG_UNAVAILABLE
            Detail              disk full
            Cluster             k7q2m9xa
            Epoch               12x9f8e7d6c
            Version             0.1.0
            Started             2026-05-01 09:30:00Z
            Participants        2 of 3 attached
            Open transactions   5 ACTIVE, 2 PREPARING
            Since the start     100 begun, 90 committed, 3 aborted
            Heuristic outcomes  1
            Log                 position 4711, 300 records in 40 forced writes
            """,
            result.Out);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task Status_Json_IsOneDocument()
    {
        var result = await RunAsync("status", "-o", "json");
        AssertText(
            """
            {"cluster":"k7q2m9xa","epoch":"12x9f8e7d6c","health":"LOG_UNAVAILABLE","detail":"disk full","version":"0.1.0","startedAt":"2026-05-01T09:30:00+00:00","participantsAttached":2,"participantsRegistered":3,"openTransactions":{"ACTIVE":5,"COMMITTING":0,"PREPARING":2},"begun":100,"committed":90,"aborted":3,"heuristic":1,"logPosition":4711,"logRecords":300,"logForcedWrites":40}
            """,
            result.Out);
    }

    [Fact]
    public async Task Status_CoordinatorOption_OutranksTheVariable()
    {
        var result = await RunAsync("status", "--coordinator", "http://127.0.0.1:1", "--timeout", "5s");
        Assert.Equal(3, result.ExitCode);
        Assert.Empty(Operators.Status.Requests);
    }
}
