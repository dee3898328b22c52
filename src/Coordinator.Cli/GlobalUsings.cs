// The contract has a message of that name, for participants.
global using Command = System.CommandLine.Command;
