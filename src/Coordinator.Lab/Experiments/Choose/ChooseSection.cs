using Coordinator.Lab.Report;
using Coordinator.Lab.Report.Charts;

namespace Coordinator.Lab.Experiments.Choose;

/// <summary>Tells experiment 6: each piece of advice turns on a figure of this run, and says which.</summary>
internal sealed class ChooseSection(ChooseResult result)
{
    private const double CostsLittle = 0.75, CostsMuch = 0.35;

    public Section Build() => new(
        6,
        "choose",
        "When to choose what",
        "One page, drawn from the figures above.",
        [
            "Nothing is measured here. Each line takes figures from the experiments before, and the advice follows from them by a rule: two-phase commit is called cheap where it kept at least "
            + $"{Text.Percent(CostsLittle)} of the saga's pace, and dear below {Text.Percent(CostsMuch)}.",
        ],
        [])
    {
        Figures =
        [
            new(
                "choose-pace",
                "Orders a second, in three situations",
                "The same orders by three ways. Two local transactions are the upper bound that keeps no promise.",
                new BarChart("Throughput in three situations by way", "orders a second")
                {
                    Series = [("two local transactions", 1), ("two-phase commit", 2), ("saga", 3)],
                    Groups = [.. result.Paces.Select(pace => (pace.Situation, (IReadOnlyList<double?>)[pace.Local, pace.TwoPhase, pace.Saga]))],
                }.Draw()),
            new(
                "choose-wrong",
                "What was wrong, per thousand purchases",
                "At rest: units sold twice, orders unpaid or in one database only. Seen half done: by a plain reader, while purchases ran.",
                new BarChart("Anomalies per thousand purchases", "per thousand purchases")
                {
                    Series = [("two-phase commit", 2), ("saga, reserve first", 4)],
                    Groups = [("wrong at rest", [result.TwoPhaseWrong, result.ReserveWrong]), ("seen half done", [result.TwoPhaseSeenHalf, result.SagaSeenHalf])],
                }.Draw()),
        ],
        Tables = [new Table("If this is your situation", ["situation", "measured in this run", "so"], [.. Rows()])],
        Conclusions = [.. Conclusions()],
    };

    private IEnumerable<IReadOnlyList<string>> Rows()
    {
        foreach (var pace in result.Paces)
            yield return [pace.Situation, $"two-phase commit {Text.Number(pace.TwoPhase)}, saga {Text.Number(pace.Saga)}, two local transactions {Text.Number(pace.Local)} orders a second", Advice(pace)];
        yield return
        [
            "nobody may ever act on half an order", $"wrong at rest per thousand purchases: two-phase commit {Text.Number(result.TwoPhaseWrong)}, saga {Text.Number(result.SagaWrong)}, saga that reserves first {Text.Number(result.ReserveWrong)}",
            result.TwoPhaseWrong == 0 && result.ReserveWrong + result.SagaWrong > 0 ? "two-phase commit, and readers that must not see the moment between its commits read with locks inside a global transaction"
                : result.TwoPhaseWrong == 0 ? "this run does not decide it: nothing was wrong at rest either way" : "neither kept that promise in this run",
        ];
        yield return
        [
            "undoing a step may be impossible", $"{Text.Percent(result.StuckShare)} of the sagas that turned back got stuck on a compensation",
            result.StuckShare > 0 ? "two-phase commit for those steps, or put the step that cannot be undone last in the saga" : "no compensation got stuck in this run: look at your own",
        ];
        yield return
        [
            "the coordinator may be away for a while",
            $"{Text.Number(result.OutageSeconds)} s of outage: {Text.Count(result.LeftBranches, "branch", "branches")} locked throughout, the last lock gone {Text.Number(result.SettleSeconds)} s after the restart; with the saga's driver away nobody waited, and {Text.Count(result.SagaHalfDone, "order", "orders")} stood half done",
            "two-phase commit if it is restarted within the time that a row may be locked; else a saga, if half an order may be seen that long",
        ];
        yield return
        [
            "a database may hang", $"rows of the healthy one were locked for up to {Text.Milliseconds(result.TightLockMs)} with a limit of {Text.Number(result.TightSeconds)} s, {Text.Milliseconds(result.LooseLockMs)} with {Text.Number(result.LooseSeconds)} s",
            result.TightLockMs < result.LooseLockMs ? "two-phase commit with deadlines a little above what an honest transaction takes" : "this run does not show that deadlines help; find out before relying on them",
        ];
        yield return
        [
            "one store cannot prepare", result.WholeStrategies.Count == 0 ? "no strategy kept order and message together through every kill" : $"together after every kill: {string.Join(", ", result.WholeStrategies)}",
            result.WholeStrategies.Contains("outbox") ? "two-phase commit over the others, with an outbox row in one of them" : "none of the four can be recommended from this run",
        ];
    }

    private IEnumerable<string> Conclusions()
    {
        var (near, far) = (result.Paces[0], result.Paces[^1]);
        yield return near.Share >= CostsMuch
            ? $"Near its databases and without a fight over rows, two-phase commit kept {Text.Percent(near.Share)} of the saga's pace, and {Text.Number(result.TwoPhaseWrong)} in a thousand purchases were wrong afterwards (saga that reserves first: {Text.Number(result.ReserveWrong)}). There it is the simpler program: no compensations, no half-done orders."
            : $"Even near its databases and without a fight over rows, two-phase commit kept only {Text.Percent(near.Share)} of the saga's pace in this run. What it buys: {Text.Number(result.TwoPhaseWrong)} in a thousand purchases were wrong afterwards (saga that reserves first: {Text.Number(result.ReserveWrong)}), and there are no compensations to write.";
        yield return result.FarLockMs > result.NearLockMs
            ? $"Distance is what makes it dear: {result.FarDelayMs} ms each way took the time for which a row is locked from {Text.Milliseconds(result.NearLockMs)} to {Text.Milliseconds(result.FarLockMs)} (saga: {Text.Milliseconds(result.SagaLockMs)}), and left {Text.Percent(far.Share)} of the saga's pace. Put the coordinator beside its databases, or use a saga."
            : $"In this run distance did not lengthen its locks ({Text.Milliseconds(result.NearLockMs)} near, {Text.Milliseconds(result.FarLockMs)} far).";
        yield return result.SagaSeenHalf > result.TwoPhaseSeenHalf
            ? $"A saga pays in what others see: {Text.Number(result.SagaSeenHalf)} of a thousand purchases were seen half done, {Text.Number(result.TwoPhaseSeenHalf)} under two-phase commit. Choose it where half an order can be shown, explained and undone."
            : $"In this run the saga showed no more half-done orders than two-phase commit ({Text.Number(result.SagaSeenHalf)} and {Text.Number(result.TwoPhaseSeenHalf)} in a thousand).";
    }

    private static string Advice(Pace pace) => pace.Share switch
    {
        >= CostsLittle => $"two-phase commit: it kept {Text.Percent(pace.Share)} of the saga's pace",
        >= CostsMuch => $"weigh it: two-phase commit kept {Text.Percent(pace.Share)} of the saga's pace",
        _ => $"a saga, or fewer hot rows and less distance: two-phase commit kept {Text.Percent(pace.Share)} of its pace",
    };
}
