using System.Collections.Concurrent;
using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;

namespace Coordinator.Participant.Tests.Session;

/// <summary>The simulator runs the session on one thread and chooses what goes on next: nothing may escape it.</summary>
public sealed class SchedulerTests : SessionTest
{
    private readonly QueueContext _scheduler = new();

    [Fact]
    public void Everything_StaysOnTheCallersScheduler()
    {
        var elsewhere = new List<string>();
        string[] operations =
        [
            "enlist", "begin", "session-prepare", "session-commit", "session-rollback", "session-end", "session-commit-one-phase",
            "commit", "rollback", "find", "list",
        ];
        foreach (var operation in operations)
        {
            Resources.On(operation, async () =>
            {
                if (SynchronizationContext.Current != _scheduler)
                    elsewhere.Add(operation);
                await Task.Yield();
            });
        }

        _scheduler.Run(ScenarioAsync, () => Time.Advance(TimeSpan.FromSeconds(1)));

        Assert.Empty(elsewhere);
        Assert.Equal(0, Session.OpenBranches);
    }

    // What a run cannot see: a continuation elsewhere that comes back before anybody looks.
    [Theory]
    [InlineData("ConfigureAwait(false)")]
    [InlineData("Task.Run(")]
    [InlineData("Guid.NewGuid")]
    [InlineData("Random.Shared")]
    [InlineData("UtcNow")]
    [InlineData("SemaphoreSlim(")]
    public void Source_HasNothingThatLeavesTheScheduler(string banned)
    {
        var folder = Path.Combine(Repository.Root, "src", "Coordinator.Participant", "Session");

        Assert.NotEmpty(Directory.GetFiles(folder));
        Assert.All(Directory.GetFiles(folder), file => Assert.DoesNotContain(banned, File.ReadAllText(file), StringComparison.Ordinal));
    }

    private async Task ScenarioAsync()
    {
        // Committed; rolled back while at work; ended by the deadline; fenced; in one phase.
        var committed = await WorkAsync();
        await PrepareAsync(committed);
        await CommitAsync(committed);

        var working = await EnlistAsync(Ids.NewTransaction());
        var waiting = EnlistAsync(working.Id.Transaction);
        await RollbackAsync(working.Id);
        await Assert.ThrowsAsync<EnlistmentRefusedException>(() => waiting);
        await working.DisposeAsync();

        await WorkAsync();
        while (Session.OpenBranches > 0)
            await Task.Yield();

        await WorkAsync();
        Session.TryAdvanceEpoch(Ids.Cluster, new Epoch(13, 1));
        while (Session.OpenBranches > 0)
            await Task.Yield();

        await using (var work = await EnlistAsync(Ids.NewTransaction(new Epoch(13, 1))))
        {
            await work.DisposeAsync();
            await Session.CommitOnePhaseAsync(work.Id, default);
        }

        await Session.SweepAsync(default);
    }

    /// <summary>Runs what is posted, one after the other, and moves the clock when nothing is left to run.</summary>
    private sealed class QueueContext : SynchronizationContext
    {
        private readonly ConcurrentQueue<(SendOrPostCallback Callback, object? State)> _queue = [];
        private int _idleTurns;

        public override void Post(SendOrPostCallback d, object? state) => _queue.Enqueue((d, state));

        public void Run(Func<Task> scenario, Action advanceClock)
        {
            var before = Current;
            Task? running = null;
            Post(_ => running = scenario(), null);
            try
            {
                while (running is not { IsCompleted: true })
                {
                    if (_queue.TryDequeue(out var next) && _idleTurns++ < 50)
                    {
                        SetSynchronizationContext(this);
                        next.Callback(next.State);
                        continue;
                    }

                    if (next.Callback is not null)
                        _queue.Enqueue(next);
                    _idleTurns = 0;
                    // As the simulator does: with a context set, continuations would run inside the timer.
                    SetSynchronizationContext(null);
                    advanceClock();
                }
            }
            finally
            {
                SetSynchronizationContext(before);
            }

            running.GetAwaiter().GetResult();
        }
    }
}
