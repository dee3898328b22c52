using Coordinator.Server;

return await CoordinatorProcess.RunAsync(args, Console.Out, Console.Error);
