using System.Net;

namespace Coordinator.Server;

/// <summary>Says everything that is wrong with the options at once, so that one start tells it all.</summary>
internal static class OptionsValidation
{
    public static IReadOnlyList<string> Check(ServerOptions options) =>
    [
        .. CheckAddress(options.Listen, "Listen", options),
        .. CheckAddress(options.HealthListen, "HealthListen", options),
        .. CheckTls(options),
        .. options.Engine.Validate(),
        .. CheckNumbers(options),
        .. CheckDurations(options),
        .. CheckRelations(options),
    ];

    private static IEnumerable<string> CheckAddress(string text, string name, ServerOptions options)
    {
        if (!ListenAddress.TryParse(text, out var endpoint))
            yield return $"{name} is '{text}'; it must be address:port, for example 127.0.0.1:7070 or [::1]:7070.";
        else if (!IPAddress.IsLoopback(endpoint.Address) && options.TlsCertificate.Length == 0 && !options.Insecure)
        {
            yield return $"{name} is {text}, which others can reach, without TLS: give TlsCertificate, or Insecure if the network is trusted.";
        }
    }

    private static IEnumerable<string> CheckTls(ServerOptions options)
    {
        if (options.TlsCertificate.Length == 0)
        {
            foreach (var (name, value) in new[] { ("TlsKey", options.TlsKey), ("TlsPassword", options.TlsPassword), ("TlsClientCa", options.TlsClientCa) })
            {
                if (value.Length > 0)
                    yield return $"{name} is given without TlsCertificate.";
            }

            yield break;
        }

        if (TlsFiles.WhyNotUsable(options) is { } why)
            yield return why;
    }

    private static IEnumerable<string> CheckNumbers(ServerOptions options)
    {
        // Kestrel refuses smaller windows than HTTP/2's own; a frame of a registration must fit into a message.
        foreach (var (name, value, least) in new (string, int, int)[]
        {
            ("AttachQueue", options.AttachQueue, 1), ("FrameMessages", options.FrameMessages, 1), ("MaxMarks", options.MaxMarks, 1),
            ("MaxMessageBytes", options.MaxMessageBytes, 16 * 1024), ("MaxNamedBranches", options.MaxNamedBranches, 1),
            ("MaxPageSize", options.MaxPageSize, 1), ("DefaultPageSize", options.DefaultPageSize, 1), ("MaxWatches", options.MaxWatches, 1),
            ("MaxConnections", options.MaxConnections, 1), ("MaxStreamsPerConnection", options.MaxStreamsPerConnection, 1),
            ("StreamWindowBytes", options.StreamWindowBytes, 65_535), ("ConnectionWindowBytes", options.ConnectionWindowBytes, 65_535),
            ("MaxMetricSeries", options.MaxMetricSeries, 1), ("LogMaxBatch", options.Log.MaxBatch, 1),
            ("LogCheckpointPages", options.Log.CheckpointPages, 1), ("LogTrimBatch", options.Log.TrimBatch, 1),
        })
        {
            if (value < least)
                yield return $"{name} is {value}; it must be at least {least}.";
        }
    }

    private static IEnumerable<string> CheckDurations(ServerOptions options)
    {
        foreach (var (name, value) in new (string, TimeSpan)[]
        {
            ("KeepAliveInterval", options.KeepAliveInterval), ("OtlpInterval", options.OtlpInterval),
            ("LogLazyDelay", options.Log.LazyDelay), ("LogMarkInterval", options.Log.MarkInterval), ("CloseLimit", options.CloseLimit),
            ("CloseGrace", options.CloseGrace),
        })
        {
            // Timers take no more than 2^32 ms; nothing here is sensibly longer than a day.
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1))
                yield return $"{name} is {value}; it must be longer than zero and at most one day.";
        }

        if (options.Log.GatherFor < TimeSpan.Zero || options.Log.GatherFor > TimeSpan.FromSeconds(1))
            yield return $"LogGatherFor is {options.Log.GatherFor}; it must be from zero to one second.";
    }

    private static IEnumerable<string> CheckRelations(ServerOptions options)
    {
        if (options.Log.Path.Length == 0)
            yield return "Log is empty; it must name the log's file.";
        if (options.Log.MaxQueue < options.Log.MaxBatch)
            yield return $"LogMaxQueue is {options.Log.MaxQueue}; it must be at least LogMaxBatch ({options.Log.MaxBatch}).";
        if (options.DefaultPageSize > options.MaxPageSize)
            yield return $"DefaultPageSize is {options.DefaultPageSize}; it must be at most MaxPageSize ({options.MaxPageSize}).";
        if (options.OtlpEndpoint.Length > 0
            && !(Uri.TryCreate(options.OtlpEndpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            yield return $"OtlpEndpoint is '{options.OtlpEndpoint}'; it must be an http or https address.";
        }
    }
}
