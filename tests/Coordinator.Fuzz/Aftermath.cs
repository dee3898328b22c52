using System.Globalization;
using Coordinator.Contracts.V1;
using Coordinator.Fuzz.Check;
using Coordinator.Fuzz.Generate;
using Coordinator.Fuzz.Wire;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Fuzz;

/// <summary>
/// After the fuzzing: honest participants take the places of those that lied, everything that was begun must end, the
/// tables must be empty again, and a transaction must go through as if nothing had been.
/// </summary>
internal sealed class Aftermath(Target target, Tally tally)
{
    private const long MaxGrowthBytes = 400L << 20;
    private const int Attempts = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly long _memoryBefore = GC.GetTotalMemory(forceFullCollection: true);

    /// <summary>
    /// One transaction over SQL and two attached participants, committed in two phases. The limits here are short ones, which
    /// a busy machine may miss: then it is done anew.
    /// </summary>
    public async Task TransactAsync(string when)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await TryTransactAsync() is not { } failure)
                return;
            if (attempt == Attempts)
            {
                Found($"{when}: a good transaction fails {Attempts} times: {failure}");
                return;
            }
        }
    }

    /// <summary>Everything that must hold.</summary>
    public async Task CheckAsync()
    {
        await using (var healers = await HealAsync())
            await WaitForEndAsync();
        await TransactAsync("after");
        var status = await target.Operators.GetStatusAsync(new GetStatusRequest());
        if (status.Health != "SERVING")
            Found($"the coordinator is {status.Health}: {status.Detail}");
        if (!target.ParticipantLives)
            Found("the participant's process has ended");
        foreach (var error in target.Errors.Entries)
            Found($"the coordinator's log: {error}");
        foreach (var line in target.ParticipantErrors())
            Found($"the participant's log: {line}");
        var memory = GC.GetTotalMemory(forceFullCollection: true) - _memoryBefore;
        if (memory > MaxGrowthBytes)
            Found(string.Create(CultureInfo.InvariantCulture, $"memory grew by {memory >> 20} MiB"));
    }

    // Null if it committed.
    private async Task<string?> TryTransactAsync()
    {
        await using var honest = new FuzzParticipant(target.Channel, Lies.Honest);
        await honest.SendAsync(Registration("honest", "aaaa1111", Episode.Identity("honest")));
        if (!await honest.WhenAccepted.WaitAsync(Limit))
            return $"an honest participant is not let in: {await honest.WhenEnded}";
        using var channel = Target.Dial(target.Sql);
        try
        {
            var begun = await target.Transactions.BeginAsync(new BeginRequest());
            await honest.SendAsync(new ParticipantMessage { Enlist = new Enlist { EnlistId = 1, TransactionId = begun.TransactionId, Branch = "honest.aaaa1111" } });
            var inserted = await Target.SqlClient(channel).ExecuteAsync(
                new ExecuteRequest { TransactionId = begun.TransactionId, Sql = "INSERT INTO fuzz (n) VALUES (4711)" });
            var committed = await target.Transactions.CommitAsync(
                new CommitRequest { TransactionId = begun.TransactionId, Branches = { inserted.Branch, "honest.aaaa1111" } });
            if (committed.Outcome != Contracts.V1.Outcome.Committed)
                return $"{committed.Outcome}: {committed.Reason}";
        }
        catch (RpcException exception)
        {
            return exception.Status.ToString();
        }

        await honest.LeaveAsync(inOrder: true);
        return null;
    }

    // Whoever was told a decision by nobody, because its participant lied and left, is told by an honest one.
    private async Task<Healers> HealAsync()
    {
        var healers = new Healers();
        foreach (var participant in (await target.Operators.ListParticipantsAsync(new ListParticipantsRequest())).Participants)
        {
            if (participant.Name == Target.Participant)
                continue;
            var healer = new FuzzParticipant(target.Channel, Lies.Honest);
            healers.Add(healer);
            await healer.SendAsync(Registration(participant.Name, "healer00", participant.Resource));
            if (!await healer.WhenAccepted.WaitAsync(Limit))
                Found($"{participant.Name} is not let in any more: {await healer.WhenEnded}");
        }

        return healers;
    }

    private async Task WaitForEndAsync()
    {
        try
        {
            await Eventually.AssertAsync(async () => await WhatIsLeftAsync() is null, Limit, "everything ends");
        }
        catch (Exception exception) when (exception is TimeoutException or InvalidOperationException)
        {
            Found($"not everything ends: {await WhatIsLeftAsync() ?? exception.Message}");
        }
    }

    private async Task<string?> WhatIsLeftAsync()
    {
        var status = await target.Operators.GetStatusAsync(new GetStatusRequest());
        if (status.OpenTransactions.Values.Sum() is var open and > 0)
            return $"{open} transactions are open: {status.OpenTransactions}";
        var participants = (await target.Operators.ListParticipantsAsync(new ListParticipantsRequest())).Participants;
        if (participants.FirstOrDefault(participant => participant.OpenBranches != 0 || participant.Undelivered != 0) is { } busy)
            return $"{busy.Name} has {busy.OpenBranches} open and {busy.Undelivered} undelivered branches";
        if (participants.FirstOrDefault(participant => participant.Instances.Count > 1) is { } crowded)
            return $"{crowded.Name} has {crowded.Instances.Count} instances attached";
        var prepared = await target.QueryAsync("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()");
        return prepared.Count > 0 ? $"prepared in PostgreSQL: {string.Join(", ", prepared)}" : null;
    }

    private static ParticipantMessage Registration(string name, string instance, Contracts.V1.ResourceIdentity identity) => new()
    {
        Register = new Register { Name = name, Instance = instance, Resource = identity, ServerStart = "s", MaxBranches = 1_000 },
    };

    private void Found(string what) => tally.Found(new Finding(-1, what, ""));

    private sealed class Healers : IAsyncDisposable
    {
        private readonly List<FuzzParticipant> _all = [];

        public void Add(FuzzParticipant participant) => _all.Add(participant);

        public async ValueTask DisposeAsync()
        {
            foreach (var participant in _all)
                await participant.DisposeAsync();
        }
    }
}
