using System.Diagnostics;
using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Coordinator.PlantedBugs.Host;

/// <summary>Runs tests of an assembly that is loaded already; xunit's own runners load it by name, and so another one.</summary>
internal static class TestRun
{
    public static async Task<JobResult> RunAsync(Assembly assembly, IReadOnlyList<string> names)
    {
        var started = Stopwatch.GetTimestamp();
        var tests = new Sink(started);
        var options = new Options();
        var info = Reflector.Wrap(assembly);
        var framework = new XunitTestFramework(tests);
        var found = new Discovery();
        using (var discoverer = framework.GetDiscoverer(info))
        {
            discoverer.Find(includeSourceInformation: false, found, options);
            found.Finished.Wait();
        }

        var cases = found.Cases.Where(test => names.Any(name => FullName(test).Contains(name, StringComparison.Ordinal))).ToList();
        using var runner = new XunitTestAssemblyRunner(new TestAssembly(info), cases, tests, tests, options);
        await runner.RunAsync();
        return new JobResult(tests.Results);
    }

    private static string FullName(IXunitTestCase test) => $"{test.TestMethod.TestClass.Class.Name}.{test.TestMethod.Method.Name}";

    private sealed class Discovery : IMessageSink
    {
        public List<IXunitTestCase> Cases { get; } = [];

        public ManualResetEventSlim Finished { get; } = new();

        public bool OnMessage(IMessageSinkMessage message)
        {
            if (message is ITestCaseDiscoveryMessage { TestCase: IXunitTestCase found })
                Cases.Add(found);
            if (message is IDiscoveryCompleteMessage)
                Finished.Set();
            return true;
        }
    }

    private sealed class Sink(long started) : IMessageSink
    {
        private readonly List<TestResult> _results = [];

        public IReadOnlyList<TestResult> Results
        {
            get
            {
                lock (_results)
                    return [.. _results];
            }
        }

        public bool OnMessage(IMessageSinkMessage message)
        {
            switch (message)
            {
                case ITestPassed passed:
                    Add(passed.Test.DisplayName, "Passed", "");
                    break;
                case ITestSkipped skipped:
                    Add(skipped.Test.DisplayName, "Skipped", skipped.Reason);
                    break;
                case ITestFailed failed:
                    Add(failed.Test.DisplayName, "Failed", Describe(failed));
                    break;
                case ITestClassCleanupFailure cleanup:
                    Add(cleanup.TestClass.Class.Name, "Failed", Describe(cleanup));
                    break;
                case IErrorMessage error:
                    Add("xunit", "Failed", Describe(error));
                    break;
            }

            return true;
        }

        private void Add(string name, string outcome, string message)
        {
            lock (_results)
                _results.Add(new TestResult(name, outcome, message, Stopwatch.GetElapsedTime(started).TotalSeconds));
        }

        private static string Describe(IFailureInformation failure) =>
            string.Join(" ---> ", failure.ExceptionTypes.Zip(failure.Messages, (type, message) => $"{type} : {message}"));
    }

    private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        private readonly Dictionary<string, object?> _values = new()
        {
            // Rows as they are: telling whether they can be written down would load their types by name.
            ["xunit.discovery.PreEnumerateTheories"] = false,
            ["xunit.execution.DisableParallelization"] = false,
        };

        public TValue? GetValue<TValue>(string name) => _values.TryGetValue(name, out var value) ? (TValue?)value : default;

        public void SetValue<TValue>(string name, TValue value) => _values[name] = value;
    }
}
