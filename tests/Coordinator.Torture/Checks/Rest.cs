using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Torture.Checks;

/// <summary>The heal phase: everything runs, nobody asks for anything, and all has to come to rest by itself.</summary>
internal sealed class Rest(World world, UnprovenCommits unproven, TimeSpan limit)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private OperatorService.OperatorServiceClient Operators => new(world.Client.CallInvoker);

    /// <summary>Waits until nothing is open, in doubt or prepared anywhere.</summary>
    /// <returns>What is still unsettled at the end of the limit; empty if all is at rest.</returns>
    public async Task<IReadOnlyList<string>> AwaitAsync()
    {
        using var expired = new CancellationTokenSource(limit);
        while (true)
        {
            var unsettled = await UnsettledAsync();
            if (unsettled.Count == 0 || expired.IsCancellationRequested)
                return unsettled;
            await Task.Delay(Interval);
        }
    }

    /// <summary>The branches that the servers list as prepared.</summary>
    public async Task<IReadOnlyList<string>> PreparedAsync()
    {
        var lists = await Task.WhenAll(world.Databases.Select(async kind =>
            (await world.QueryAsync(kind, Bank.ListPrepared(kind))).Select(row => $"{kind}: {row}")));
        return [.. lists.SelectMany(list => list)];
    }

    private async Task<IReadOnlyList<string>> UnsettledAsync()
    {
        try
        {
            var status = await Operators.GetStatusAsync(new GetStatusRequest());
            var inDoubt = await Operators.ListInDoubtAsync(new ListInDoubtRequest());
            var heuristics = await unproven.ForgetAsync(inDoubt.Heuristics, Operators);
            return
            [
                .. world.EndedByThemselves().Select(name => $"{name} has ended by itself"),
                .. status.OpenTransactions.Where(state => state.Value > 0).Select(state => $"{state.Value} transactions are {state.Key}"),
                .. inDoubt.Branches.Select(branch => $"in doubt: {branch}"),
                .. inDoubt.Undelivered.Select(transaction => $"undelivered: {transaction}"),
                .. heuristics.Select(heuristic => $"heuristic: {heuristic}"),
                .. inDoubt.FailedScans.Select(scan => $"{scan.Key} could not be scanned: {scan.Value}"),
                .. status.ParticipantsAttached == world.Databases.Count ? [] : new[] { $"{status.ParticipantsAttached} participants are attached" },
                .. (await PreparedAsync()).Select(branch => $"prepared in {branch}"),
            ];
        }
        catch (RpcException failure)
        {
            return [$"the coordinator answers {failure.Status}"];
        }
    }
}
