using Coordinator.Engine;
using Coordinator.Log;
using static Coordinator.Server.OptionDefinition;

namespace Coordinator.Server;

/// <summary>Every option of the process, once: flags, variables, help and the README's table come from here.</summary>
internal static class OptionCatalog
{
    private static readonly OptionDefinition[] Network =
    [
        Text("Listen", "Where gRPC listens, address:port; port 0 takes a free one.", o => o.Listen, (o, v) => o with { Listen = v }),
        Text("HealthListen", "Where health and metrics listen (HTTP/1), address:port.", o => o.HealthListen, (o, v) => o with { HealthListen = v }),
        Switch("Insecure", "Allows plain text on an address that others can reach.", o => o.Insecure, (o, v) => o with { Insecure = v }),
        Text("TlsCertificate", "The server's certificate, PEM or PFX; empty: plain text.", o => o.TlsCertificate, (o, v) => o with { TlsCertificate = v }),
        Text("TlsKey", "The private key (PEM), unless the certificate's file has it.", o => o.TlsKey, (o, v) => o with { TlsKey = v }),
        Text("TlsPassword", "A PFX file's password; better given in the environment.", o => o.TlsPassword, (o, v) => o with { TlsPassword = v }),
        Text("TlsClientCa", "Authorities (PEM) whose client certificates are let in; empty: none is asked for.", o => o.TlsClientCa, (o, v) => o with { TlsClientCa = v }),
        Number("MaxConnections", "Connections at once, on both ports together.", o => o.MaxConnections, (o, v) => o with { MaxConnections = v }),
        Number("MaxStreamsPerConnection", "Calls at once on one connection.", o => o.MaxStreamsPerConnection, (o, v) => o with { MaxStreamsPerConnection = v }),
        Number("StreamWindowBytes", "HTTP/2 flow control window of a stream.", o => o.StreamWindowBytes, (o, v) => o with { StreamWindowBytes = v }),
        Number("ConnectionWindowBytes", "HTTP/2 flow control window of a connection.", o => o.ConnectionWindowBytes, (o, v) => o with { ConnectionWindowBytes = v }),
        Number("MaxMessageBytes", "The largest message that is read.", o => o.MaxMessageBytes, (o, v) => o with { MaxMessageBytes = v }),
        Switch("Reflection", "Lets gRPC clients ask what is served (server reflection), as grpcurl does.", o => o.Reflection, (o, v) => o with { Reflection = v }),
        Duration("CloseLimit", "How long connections get to close at shutdown, after the drain.", o => o.CloseLimit, (o, v) => o with { CloseLimit = v }),
        Duration("CloseGrace", "How long callers get to read the last answers before their connections close.", o => o.CloseGrace, (o, v) => o with { CloseGrace = v }),
    ];

    private static readonly OptionDefinition[] Transactions =
    [
        Duration("DefaultTimeout", "A transaction's time from Begin to Commit, unless Begin says otherwise.", o => o.Engine.DefaultTimeout, (o, v) => Engine(o, e => e with { DefaultTimeout = v })),
        Duration("MaxTimeout", "The longest timeout that Begin may ask for.", o => o.Engine.MaxTimeout, (o, v) => Engine(o, e => e with { MaxTimeout = v })),
        Duration("CommandTimeout", "How long one command to a branch may take before it is taken for unanswered.", o => o.Engine.CommandTimeout, (o, v) => Engine(o, e => e with { CommandTimeout = v })),
        Duration("DeliveryWait", "How long Commit and Rollback wait for the branches before they answer.", o => o.Engine.DeliveryWait, (o, v) => Engine(o, e => e with { DeliveryWait = v })),
        Duration("RetryDelay", "The first pause between two attempts of a command.", o => o.Engine.RetryDelay, (o, v) => Engine(o, e => e with { RetryDelay = v })),
        Duration("MaxRetryDelay", "The longest pause between two attempts of a command.", o => o.Engine.MaxRetryDelay, (o, v) => Engine(o, e => e with { MaxRetryDelay = v })),
        Duration("OnePhaseGrace", "How long a one-phase commit without an answer waits for the instance that was told, before it is given up as unknown.", o => o.Engine.OnePhaseGrace, (o, v) => Engine(o, e => e with { OnePhaseGrace = v })),
        Duration("ScanInterval", "How often each participant's database is scanned for prepared branches.", o => o.Engine.ScanInterval, (o, v) => Engine(o, e => e with { ScanInterval = v })),
        Duration("Retention", "How long decisions are kept after their end.", o => o.Engine.Retention, (o, v) => Engine(o, e => e with { Retention = v })),
        Duration("TrimInterval", "How often ended decisions past retention are trimmed.", o => o.Engine.TrimInterval, (o, v) => Engine(o, e => e with { TrimInterval = v })),
        Duration("DrainLimit", "How long a shutdown waits for work that has begun to commit.", o => o.Engine.DrainLimit, (o, v) => Engine(o, e => e with { DrainLimit = v })),
        Number("MaxOpenTransactions", "Open transactions at once; Begin is refused beyond it.", o => o.Engine.MaxOpenTransactions, (o, v) => Engine(o, e => e with { MaxOpenTransactions = v })),
        Number("MaxBranchesPerTransaction", "Branches of one transaction.", o => o.Engine.MaxBranchesPerTransaction, (o, v) => Engine(o, e => e with { MaxBranchesPerTransaction = v })),
        Number("MaxFinishedTransactions", "Finished transactions that are remembered in memory.", o => o.Engine.MaxFinishedTransactions, (o, v) => Engine(o, e => e with { MaxFinishedTransactions = v })),
        Number("MaxParticipants", "Participants that may be registered.", o => o.Engine.MaxParticipants, (o, v) => Engine(o, e => e with { MaxParticipants = v })),
        Number("MaxInstancesPerParticipant", "Instances that may be attached under one name.", o => o.Engine.MaxInstancesPerParticipant, (o, v) => Engine(o, e => e with { MaxInstancesPerParticipant = v })),
        Number("MaxInitiators", "Initiators that may be connected.", o => o.Engine.MaxInitiators, (o, v) => Engine(o, e => e with { MaxInitiators = v })),
        Number("MaxReservedIds", "Ids that one initiator may have reserved and not used.", o => o.Engine.MaxReservedIds, (o, v) => Engine(o, e => e with { MaxReservedIds = v })),
        Number("MaxCommandsInFlight", "Commands of phase 2 and of recovery at one participant at once; more wait.", o => o.Engine.MaxCommandsInFlight, (o, v) => Engine(o, e => e with { MaxCommandsInFlight = v })),
        Number("MaxScanHeuristics", "Heuristic outcomes that scans may add to what is not forgotten; further ones are only logged.", o => o.Engine.MaxScanHeuristics, (o, v) => Engine(o, e => e with { MaxScanHeuristics = v })),
        Number("MaxMemoryBytes", "Managed memory above which Begin is refused; 0: three quarters of what there is.", o => o.Engine.MaxMemoryBytes, (o, v) => Engine(o, e => e with { MaxMemoryBytes = v })),
        Number("MaxNamedBranches", "Branches that one Commit may name.", o => o.MaxNamedBranches, (o, v) => o with { MaxNamedBranches = v }),
        Number("MaxPageSize", "Transactions that a list may ask for at once.", o => o.MaxPageSize, (o, v) => o with { MaxPageSize = v }),
        Number("DefaultPageSize", "Transactions in a list that asks for no number.", o => o.DefaultPageSize, (o, v) => o with { DefaultPageSize = v }),
        Number("MaxWatches", "Watch calls at once.", o => o.MaxWatches, (o, v) => o with { MaxWatches = v }),
    ];

    private static readonly OptionDefinition[] Participants =
    [
        Duration("KeepAliveInterval", "How often each side of an attach stream sends something; three times as long a silence ends it.", o => o.KeepAliveInterval, (o, v) => o with { KeepAliveInterval = v }),
        Number("AttachQueue", "Messages that wait for one participant to read them; one more detaches it.", o => o.AttachQueue, (o, v) => o with { AttachQueue = v }),
        Number("FrameMessages", "Messages in one frame to a participant at most.", o => o.FrameMessages, (o, v) => o with { FrameMessages = v }),
        Number("MaxMarks", "Coordinators that one registration may remember.", o => o.MaxMarks, (o, v) => o with { MaxMarks = v }),
    ];

    private static readonly OptionDefinition[] LogStore =
    [
        Text("Log", "The log's file, on local storage; missing folders are made.", o => o.Log.Path, (o, v) => Log(o, path: v)),
        Number("LogMaxBatch", "Records that share one durable write at most.", o => o.Log.MaxBatch, (o, v) => Log(o, maxBatch: v)),
        Duration("LogGatherFor", "How long a decision waits at most for others to share its durable write, while many transactions are being committed; zero: never.", o => o.Log.GatherFor, (o, v) => Log(o, gatherFor: v)),
        Number("LogMaxQueue", "Requests that wait for the log's writer at most.", o => o.Log.MaxQueue, (o, v) => Log(o, maxQueue: v)),
        Duration("LogLazyDelay", "How long a record that needs no force waits for one that does.", o => o.Log.LazyDelay, (o, v) => Log(o, lazyDelay: v)),
        Duration("LogMarkInterval", "How far the forced high-water mark may lag behind.", o => o.Log.MarkInterval, (o, v) => Log(o, markInterval: v)),
        Number("LogCheckpointPages", "Pages (4 KB) of the write-ahead file before it is copied into the log's file.", o => o.Log.CheckpointPages, (o, v) => Log(o, checkpointPages: v)),
        Number("LogTrimBatch", "Transactions that trimming removes in one write.", o => o.Log.TrimBatch, (o, v) => Log(o, trimBatch: v)),
    ];

    private static readonly OptionDefinition[] Observability =
    [
        Choice("ConsoleLevel", "The least severe log entries written: Trace, Debug, Information, Warning, Error, Critical, None.", o => o.ConsoleLevel, (o, v) => o with { ConsoleLevel = v }),
        Choice("ConsoleFormat", "How log entries are written: Simple or Json.", o => o.ConsoleFormat, (o, v) => o with { ConsoleFormat = v }),
        Number("MaxMetricSeries", "Label combinations of one metric; further ones are counted together.", o => o.MaxMetricSeries, (o, v) => o with { MaxMetricSeries = v }),
        Text("OtlpEndpoint", "Where metrics and traces are exported to by OTLP, for example http://127.0.0.1:4317; empty: nowhere.", o => o.OtlpEndpoint, (o, v) => o with { OtlpEndpoint = v }),
        Switch("Drill", "For drills: transactions named drill-prepared and drill-decided stop at that point until the process is killed.", o => o.Drill, (o, v) => o with { Drill = v }),
        Duration("OtlpInterval", "How often metrics are exported.", o => o.OtlpInterval, (o, v) => o with { OtlpInterval = v }),
    ];

    /// <summary>The section of the configuration that holds them all.</summary>
    public const string Section = "Coordinator";

    public static IReadOnlyList<OptionDefinition> All { get; } = [.. Network, .. LogStore, .. Transactions, .. Participants, .. Observability];

    private static ServerOptions Engine(ServerOptions options, Func<EngineOptions, EngineOptions> change) =>
        options with { Engine = change(options.Engine) };

    private static ServerOptions Log(
        ServerOptions options,
        string? path = null,
        int? maxBatch = null,
        TimeSpan? gatherFor = null,
        int? maxQueue = null,
        TimeSpan? lazyDelay = null,
        TimeSpan? markInterval = null,
        int? checkpointPages = null,
        int? trimBatch = null) => options with
        {
            Log = new SqliteLogOptions
            {
                Path = path ?? options.Log.Path,
                MaxBatch = maxBatch ?? options.Log.MaxBatch,
                GatherFor = gatherFor ?? options.Log.GatherFor,
                MaxQueue = maxQueue ?? options.Log.MaxQueue,
                LazyDelay = lazyDelay ?? options.Log.LazyDelay,
                MarkInterval = markInterval ?? options.Log.MarkInterval,
                CheckpointPages = checkpointPages ?? options.Log.CheckpointPages,
                TrimBatch = trimBatch ?? options.Log.TrimBatch,
            },
        };
}
