using Coordinator.Engine;
using Coordinator.Log;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server;

/// <summary>Every option of the process. <see cref="OptionCatalog"/> names them for people; README.md lists them.</summary>
public sealed record ServerOptions
{
    /// <summary>Where gRPC listens, as address:port; port 0 takes a free one.</summary>
    public string Listen { get; init; } = "127.0.0.1:7070";

    /// <summary>Where health and metrics listen (HTTP/1), as address:port.</summary>
    public string HealthListen { get; init; } = "127.0.0.1:7071";

    /// <summary>Allows plain text on an address that others can reach.</summary>
    public bool Insecure { get; init; }

    /// <summary>The server's certificate: PEM (with <see cref="TlsKey"/>) or PFX; empty for none.</summary>
    public string TlsCertificate { get; init; } = "";

    /// <summary>The private key of a PEM certificate; empty if it is in the same file.</summary>
    public string TlsKey { get; init; } = "";

    /// <summary>The password of a PFX certificate; empty for none.</summary>
    public string TlsPassword { get; init; } = "";

    /// <summary>PEM of the authorities whose client certificates are let in; empty: none is asked for.</summary>
    public string TlsClientCa { get; init; } = "";

    /// <summary>The engine's limits and times.</summary>
    public EngineOptions Engine { get; init; } = new();

    /// <summary>The embedded log: where it lies, and its limits.</summary>
    public SqliteLogOptions Log { get; init; } = new() { Path = Path.Combine("coordinator-data", "coordinator.db") };

    /// <summary>Transactions named drill-prepared and drill-decided stop at that point for ever (<see cref="Drill"/>).</summary>
    public bool Drill { get; init; }

    /// <summary>Whether gRPC clients may ask for the services' descriptions (server reflection).</summary>
    public bool Reflection { get; init; }

    /// <summary>How often each side of an attach stream sends something; three times as long a silence ends it.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Messages that wait for a participant to read them; one more detaches it.</summary>
    public int AttachQueue { get; init; } = 20_000;

    /// <summary>Messages in one frame to a participant at most.</summary>
    public int FrameMessages { get; init; } = 256;

    /// <summary>Marks of coordinators in one registration at most.</summary>
    public int MaxMarks { get; init; } = 100;

    /// <summary>The largest message that is read, in bytes.</summary>
    public int MaxMessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Branches that one commit may name.</summary>
    public int MaxNamedBranches { get; init; } = 256;

    /// <summary>Transactions in one page of a list at most, and without a limit in the request.</summary>
    public int MaxPageSize { get; init; } = 1_000;

    public int DefaultPageSize { get; init; } = 100;

    /// <summary>Watch calls at once.</summary>
    public int MaxWatches { get; init; } = 1_000;

    /// <summary>Connections at once, on each of the two ports.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Calls at once on one connection.</summary>
    public int MaxStreamsPerConnection { get; init; } = 100;

    /// <summary>HTTP/2 flow control windows, in bytes.</summary>
    public int StreamWindowBytes { get; init; } = 768 * 1024;

    public int ConnectionWindowBytes { get; init; } = 1024 * 1024;

    /// <summary>How long connections get to close at shutdown, after the drain.</summary>
    public TimeSpan CloseLimit { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long callers get to read the last answers before their connections close.</summary>
    public TimeSpan CloseGrace { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Label combinations of one metric at most; further ones are counted together.</summary>
    public int MaxMetricSeries { get; init; } = 2_000;

    /// <summary>The least severe log entries that are written.</summary>
    public LogLevel ConsoleLevel { get; init; } = LogLevel.Information;

    /// <summary>How log entries are written.</summary>
    public ConsoleFormat ConsoleFormat { get; init; } = ConsoleFormat.Simple;

    /// <summary>Where metrics are exported to by OTLP, for example http://127.0.0.1:4317; empty: nowhere.</summary>
    public string OtlpEndpoint { get; init; } = "";

    /// <summary>How often metrics are exported.</summary>
    public TimeSpan OtlpInterval { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>How log entries are written.</summary>
public enum ConsoleFormat
{
    /// <summary>One line of text each.</summary>
    Simple,

    /// <summary>One JSON object each.</summary>
    Json,
}
