using Coordinator.Benchmarks;

return await CommandLine.Create(Console.Out).Parse(args).InvokeAsync();
