using Coordinator.Participant.Session;

namespace Coordinator.Participant.Tests.Session;

public sealed class UseGateTests
{
    private const int Rounds = 30_000;

    // Fault: the waiter's caller goes away in the very moment in which its turn comes. The window is a few instructions
    // wide, so it is tried often. Expected: whoever got the turn, the gate is free in the end.
    [Fact]
    public async Task Leave_WaiterIsCancelledInTheSameMoment_NoTurnIsLost()
    {
        using var race = new Race();
        // Threads of their own, which spin: the thread pool and its queues would be too slow for the window.
        var leaver = Task.Factory.StartNew(race.Leave, default, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var canceller = Task.Factory.StartNew(race.Cancel, default, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        await Task.WhenAll(leaver, canceller);

        Assert.Equal(0, race.LostTurns);
    }

    private sealed class Race : IDisposable
    {
        private UseGate _gate = new(new Lock());
        private CancellationTokenSource _caller = new();
        private int _started;
        private int _left;

        public int LostTurns { get; private set; }

        public void Leave()
        {
            for (var round = 1; round <= Rounds; round++)
            {
                Await(ref _started, round);
                _gate.Leave();
                Volatile.Write(ref _left, round);
            }
        }

        public void Cancel()
        {
            for (var round = 1; round <= Rounds; round++)
            {
                // The gate starts entered.
                _gate = new UseGate(new Lock());
                _caller.Dispose();
                _caller = new CancellationTokenSource();
                var waiting = _gate.EnterForWorkAsync(_caller.Token);
                Volatile.Write(ref _started, round);
                // The two sides are not equally fast, so the start of one is shifted.
                Thread.SpinWait(round % 32);
                _caller.Cancel();
                Await(ref _left, round);
                SpinWait.SpinUntil(() => waiting.IsCompleted);
                if (waiting.IsCompletedSuccessfully)
                    _gate.Leave();
                if (!_gate.TryEnter())
                    LostTurns++;
            }
        }

        public void Dispose() => _caller.Dispose();

        private static void Await(ref int reached, int round)
        {
            var spin = default(SpinWait);
            while (Volatile.Read(ref reached) < round)
                spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
