using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;

namespace Coordinator.Fuzz.Wire;

/// <summary>What came back: a gRPC status, or none where HTTP itself refused or the caller gave up.</summary>
internal sealed record RawAnswer(StatusCode? Status, string Detail, byte[]? Details, byte[] Body, string Transport)
{
    /// <summary>The messages of the answer.</summary>
    public IEnumerable<byte[]> Messages()
    {
        for (var at = 0; at + 5 <= Body.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(Body.AsSpan(at + 1));
            if (length < 0 || at + 5 + length > Body.Length)
                yield break;
            yield return Body[(at + 5)..(at + 5 + length)];
            at += 5 + length;
        }
    }
}

/// <summary>Calls over plain HTTP/2, so that anything may be sent: no client library corrects it.</summary>
internal sealed class RawCall : IDisposable
{
    // A call that neither answers nor ends within this time hangs.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = true })
    {
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = Limit,
    };

    /// <param name="server">Whose.</param>
    /// <param name="method">service/method.</param>
    /// <param name="message">The message's bytes, spoilt already.</param>
    /// <param name="twist">What is done to the frame, the headers and the call.</param>
    /// <param name="deadline">The deadline that the server is told; null for none.</param>
    /// <param name="random">Draws what the twist leaves open.</param>
    public async Task<RawAnswer> SendAsync(Uri server, string method, byte[] message, Twist twist, TimeSpan? deadline, Random random)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, twist == Twist.UnknownMethod ? method + "s" : method));
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Headers.TryAddWithoutValidation("te", "trailers");
        if (deadline is { } limit)
            request.Headers.TryAddWithoutValidation("grpc-timeout", string.Create(CultureInfo.InvariantCulture, $"{(long)limit.TotalMilliseconds}m"));
        AddHeaders(request, twist, random);
        request.Content = new ByteArrayContent(Frame(twist, message));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(twist == Twist.WrongContentType ? "text/plain" : "application/grpc");
        using var giveUp = new CancellationTokenSource();
        if (twist == Twist.Cancelled)
            giveUp.CancelAfter(TimeSpan.FromMilliseconds(random.Next(0, 4)));
        try
        {
            return await ReadAsync(request, giveUp.Token);
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            return new RawAnswer(null, "", null, [], "given up");
        }
        catch (OperationCanceledException)
        {
            return new RawAnswer(null, "", null, [], $"HANGS: no answer within {Limit}");
        }
        catch (HttpRequestException exception)
        {
            return new RawAnswer(null, "", null, [], $"{exception.HttpRequestError}: {exception.Message}");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<RawAnswer> ReadAsync(HttpRequestMessage request, CancellationToken giveUp)
    {
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, giveUp);
        var body = await response.Content.ReadAsByteArrayAsync(giveUp);
        var status = Find(response, "grpc-status");
        return new RawAnswer(
            int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (StatusCode)number : null,
            Uri.UnescapeDataString(Find(response, "grpc-message") ?? ""),
            FromBase64(Find(response, "grpc-status-details-bin")),
            body,
            $"HTTP {(int)response.StatusCode}");
    }

    private static string? Find(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var trailer) || response.Headers.TryGetValues(name, out trailer) ? trailer.First() : null;

    private static byte[]? FromBase64(string? text) =>
        text is null ? null : Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));

    private static byte[] Frame(Twist twist, byte[] message)
    {
        if (twist == Twist.NoFrame)
            return [];
        var frame = new byte[5 + message.Length];
        frame[0] = twist == Twist.Compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), twist == Twist.LongFrame ? message.Length + 100 : message.Length);
        message.CopyTo(frame, 5);
        return twist == Twist.TwoFrames ? [.. frame, .. frame] : frame;
    }

    private static void AddHeaders(HttpRequestMessage request, Twist twist, Random random)
    {
        switch (twist)
        {
            case Twist.StrangeMetadata:
                request.Headers.TryAddWithoutValidation("x-bad-bin", "!!!not base64!!!");
                request.Headers.TryAddWithoutValidation("coordinator-transaction", "'; DROP");
                request.Headers.TryAddWithoutValidation("traceparent", "00-zz");
                request.Headers.TryAddWithoutValidation("x-long", new string('x', random.Next(1, 20_000)));
                break;
            case Twist.ShortDeadline:
                request.Headers.Remove("grpc-timeout");
                request.Headers.TryAddWithoutValidation("grpc-timeout", random.Next(2) == 0 ? "1m" : "1n");
                break;
            case Twist.BadTimeout:
                request.Headers.Remove("grpc-timeout");
                request.Headers.TryAddWithoutValidation("grpc-timeout", new[] { "abc", "-1S", "99999999999H", "", "1", "0n" }[random.Next(6)]);
                break;
            case Twist.UnknownEncoding:
                request.Headers.TryAddWithoutValidation("grpc-encoding", "brotli");
                break;
            default:
                break;
        }
    }
}
