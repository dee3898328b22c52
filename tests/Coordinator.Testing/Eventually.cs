using System.Diagnostics;
using Xunit.Sdk;

namespace Coordinator.Testing;

/// <summary>Waits for what another process or thread brings about, within a limit: the tests' substitute for sleeping.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Asks until the condition holds.</summary>
    /// <param name="condition">An exception from it fails the test at once.</param>
    /// <param name="limit">Real time.</param>
    /// <param name="what">What was expected, for the failure's message.</param>
    public static async Task AssertAsync(Func<Task<bool>> condition, TimeSpan limit, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
            await NextTryAsync(started, limit, what, lastFailure: null);
    }

    /// <summary>Runs the assertions until none of them fails; any other exception fails the test at once.</summary>
    public static async Task AssertAsync(Func<Task> assertions, TimeSpan limit, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (await FailureOfAsync(assertions) is { } failure)
            await NextTryAsync(started, limit, what, failure);
    }

    public static Task AssertAsync(Func<bool> condition, TimeSpan limit, string what) =>
        AssertAsync(() => Task.FromResult(condition()), limit, what);

    public static Task AssertAsync(Action assertions, TimeSpan limit, string what) =>
        AssertAsync(
            () =>
            {
                assertions();
                return Task.CompletedTask;
            },
            limit,
            what);

    private static async Task<XunitException?> FailureOfAsync(Func<Task> assertions)
    {
        try
        {
            await assertions();
            return null;
        }
        catch (XunitException failure)
        {
            return failure;
        }
    }

    private static Task NextTryAsync(long started, TimeSpan limit, string what, XunitException? lastFailure) =>
        Stopwatch.GetElapsedTime(started) < limit
            ? Task.Delay(Interval)
            : throw new XunitException($"Not within {limit.TotalSeconds:0.###} s: {what}", lastFailure);
}
