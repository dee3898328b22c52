return Coordinator.Simulation.CommandLine.Run(args);
