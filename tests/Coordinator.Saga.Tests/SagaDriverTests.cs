using System.Globalization;

namespace Coordinator.Saga.Tests;

/// <summary>The driver's order of steps, compensations and log writes; every crash point; refusals and lost answers.</summary>
public sealed class SagaDriverTests : IAsyncDisposable
{
    private static readonly SagaDefinition Three = new("three", [new("a", "p"), new("b", "p"), new("c", "p")]);
    private readonly Recording _participant = new();
    private readonly MemoryLog _log = new();

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    [Fact]
    public async Task Run_AllStepsDone_IsCompletedAndForgotten()
    {
        var result = await Driver().RunAsync("three", "s", "input");

        Assert.Equal(new SagaResult("s", SagaOutcome.Completed, Reason: null), result);
        Assert.Equal(["+a", "+b", "+c"], _participant.Done);
        Assert.Equal(["Forward 0"], _log.Forced);
        Assert.Empty(_log.Durable);
    }

    [Fact]
    public async Task Run_BeginCannotBeForced_DoesNoStep()
    {
        var driver = new SagaDriver(new FailingLog(), [Three], Participants(), new SagaOptions());

        await Assert.ThrowsAsync<SagaLogException>(() => driver.RunAsync("three", "s", "input"));
        Assert.Empty(_participant.Done);
    }

    [Theory]
    [InlineData("a", "")]
    [InlineData("b", "-a")]
    [InlineData("c", "-b,-a")]
    public async Task Run_StepRefused_UndoesThoseBeforeItInReverse(string refusing, string undone)
    {
        _participant.Before = command => command.Step == refusing ? "sold out" : null;

        var result = await Driver().RunAsync("three", "s", "input");

        Assert.Equal(SagaOutcome.Compensated, result.Outcome);
        Assert.Equal($"{refusing}: sold out", result.Reason);
        Assert.Equal(undone, string.Join(',', _participant.Done.Where(done => done.StartsWith('-'))));
        Assert.Empty(_log.Durable);
    }

    [Fact]
    public async Task Run_StepWithoutCompensation_IsPassedOver()
    {
        var definition = new SagaDefinition("mixed", [new("a", "p"), new("look", "p", HasCompensation: false), new("c", "p")]);
        _participant.Before = command => command.Step == "c" ? "no" : null;

        await Driver(definition).RunAsync("mixed", "s", "input");

        Assert.Equal(["+a", "+look", "-a"], _participant.Done);
    }

    [Fact]
    public async Task Run_AnswerLost_IsAskedAgainAndDoneOnce()
    {
        var lost = 0;
        _participant.After = command =>
        {
            if (command.Step == "b" && lost++ < 2)
                throw new IOException("the answer was lost");
        };

        var result = await Driver().RunAsync("three", "s", "input");

        Assert.Equal(SagaOutcome.Completed, result.Outcome);
        Assert.Equal(["+a", "+b", "+c"], _participant.Done);
    }

    [Fact]
    public async Task Run_StepNeverAnswersThoughItWasDone_IsUndoneToo()
    {
        _participant.After = command =>
        {
            if (command is { Step: "b", Direction: StepDirection.Action })
                throw new IOException("the answer was lost");
        };

        var result = await Driver().RunAsync("three", "s", "input");

        Assert.Equal(SagaOutcome.Compensated, result.Outcome);
        Assert.Equal(["+a", "+b", "-b", "-a"], _participant.Done);
        Assert.Equal(["Forward 0", "Back 1"], _log.Forced);
    }

    [Fact]
    public async Task Run_StepNeverAnswersAndNeverHappened_IsFencedAndLeavesNothing()
    {
        _participant.Before = command => command is { Step: "b", Direction: StepDirection.Action } ? throw new IOException("unreachable") : null;

        await Driver().RunAsync("three", "s", "input");

        Assert.Equal(["+a", "(nothing) -b", "-a"], _participant.Done);
    }

    [Fact]
    public async Task Run_CompensationFailsAtFirst_IsRetried()
    {
        var failures = 0;
        _participant.Before = command => command switch
        {
            { Step: "c" } => "no",
            { Step: "b", Direction: StepDirection.Compensation } when failures++ < 3 => throw new IOException("not now"),
            _ => null,
        };

        var result = await Driver().RunAsync("three", "s", "input");

        Assert.Equal(SagaOutcome.Compensated, result.Outcome);
        Assert.Equal(["+a", "+b", "-b", "-a"], _participant.Done);
    }

    [Fact]
    public async Task Run_CompensationKeepsFailing_IsStuckInTheLogAndResumedLater()
    {
        var isBroken = true;
        _participant.Before = command => command switch
        {
            { Step: "c" } => "no",
            { Step: "b", Direction: StepDirection.Compensation } when isBroken => throw new IOException("points are spent"),
            _ => null,
        };
        var stuck = await Driver().RunAsync("three", "s", "input");
        Assert.Equal(SagaOutcome.Stuck, stuck.Outcome);
        Assert.Contains("points are spent", stuck.Reason, StringComparison.Ordinal);
        Assert.Equal((SagaState.Stuck, 1), (_log.Durable["s"].State, _log.Durable["s"].Next));

        isBroken = false;
        var resumed = Assert.Single(await Driver().ResumeAsync());

        Assert.Equal(SagaOutcome.Compensated, resumed.Outcome);
        Assert.Equal(["+a", "+b", "-b", "-a"], _participant.Done);
        Assert.Empty(_log.Durable);
    }

    // A process dies before each step, forward and back, and whatever the log had not forced is lost with it.
    [Theory]
    [InlineData(StepDirection.Action, 0, false)]
    [InlineData(StepDirection.Action, 1, false)]
    [InlineData(StepDirection.Action, 2, false)]
    [InlineData(StepDirection.Action, 3, false)]
    [InlineData(StepDirection.Action, 2, true)]
    [InlineData(StepDirection.Compensation, 1, true)]
    [InlineData(StepDirection.Compensation, 0, true)]
    [InlineData(StepDirection.Compensation, -1, true)]
    public async Task Crash_AtEachPoint_EndsAsItWouldHave(StepDirection direction, int index, bool refuses)
    {
        _participant.Before = command => refuses && command.Step == "c" ? "no" : null;
        var dying = Driver(point => point.Direction == direction && point.Index == index ? throw new CrashException() : Task.CompletedTask);
        await Assert.ThrowsAsync<CrashException>(() => dying.RunAsync("three", "s", "input"));
        _log.Crash();

        var result = Assert.Single(await Driver().ResumeAsync());

        Assert.Equal(refuses ? SagaOutcome.Compensated : SagaOutcome.Completed, result.Outcome);
        Assert.Equal(refuses ? ["+a", "+b", "-b", "-a"] : ["+a", "+b", "+c"], _participant.Done);
        Assert.Empty(_log.Durable);
    }

    // Once turned back, a saga never goes forward again, whatever a participant would say now.
    [Fact]
    public async Task Resume_AfterTurningBack_NeverGoesForward()
    {
        var refuses = true;
        _participant.Before = command => refuses && command.Step == "c" ? "no" : null;
        var dying = Driver(point => point.Direction == StepDirection.Compensation ? throw new CrashException() : Task.CompletedTask);
        await Assert.ThrowsAsync<CrashException>(() => dying.RunAsync("three", "s", "input"));

        refuses = false;
        var result = Assert.Single(await Driver().ResumeAsync());

        Assert.Equal(SagaOutcome.Compensated, result.Outcome);
        Assert.DoesNotContain("+c", _participant.Done);
    }

    [Fact]
    public async Task Run_Cancelled_StaysInTheLogAndGoesOnLater()
    {
        using var stop = new CancellationTokenSource();
        _participant.Before = command =>
        {
            if (command.Step != "b")
                return null;
            stop.Cancel();
            throw new IOException("not now");
        };
        await Assert.ThrowsAnyAsync<Exception>(() => Driver().RunAsync("three", "s", "input", stop.Token));
        Assert.Equal(SagaState.Forward, _log.Durable["s"].State);

        _participant.Before = _ => null;
        Assert.Equal(SagaOutcome.Completed, Assert.Single(await Driver().ResumeAsync()).Outcome);
    }

    [Fact]
    public async Task Resume_DefinitionMissing_TouchesNothing()
    {
        await _log.WriteAsync(new SagaProgress("s", "unheard-of", "", SagaState.Forward, 0, null), force: true);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Driver().ResumeAsync());
        Assert.Single(_log.Durable);
    }

    [Fact]
    public void Create_UnknownParticipantOrNoSteps_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => Driver(new SagaDefinition("x", [new("a", "nobody")])));
        Assert.Throws<ArgumentException>(() => Driver(new SagaDefinition("x", [])));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SagaDriver(_log, [], Participants(), new SagaOptions { StepAttempts = 0 }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public async Task Run_IdOutOfRange_IsRefused(int length)
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Driver().RunAsync("three", new string('x', length), "input"));
        Assert.Empty(_log.Forced);
    }

    private SagaDriver Driver(Func<SagaPoint, Task>? atPoint = null) => new(_log, [Three], Participants(), Options(atPoint));

    private SagaDriver Driver(SagaDefinition definition) => new(_log, [definition], Participants(), Options(null));

    private static SagaOptions Options(Func<SagaPoint, Task>? atPoint) =>
        new() { RetryDelay = TimeSpan.FromMilliseconds(1), MaxRetryDelay = TimeSpan.FromMilliseconds(1), AtPoint = atPoint };

    private Dictionary<string, ISagaParticipant> Participants() => new() { ["p"] = _participant };

    private sealed class CrashException : Exception;

    private sealed class FailingLog : ISagaLog
    {
        public Task<IReadOnlyList<SagaProgress>> ReadAllAsync() => throw new SagaLogException("gone");

        public Task WriteAsync(SagaProgress progress, bool force) => throw new SagaLogException(string.Create(CultureInfo.InvariantCulture, $"gone at {progress.Next}"));

        public Task RemoveAsync(string saga) => throw new SagaLogException("gone");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
