using Grpc.Core;

namespace Coordinator.Grpc.Tests.Api;

/// <summary>Ends every call at once with the given response and notes what it was given.</summary>
internal sealed class RecordingInvoker(List<string> trace) : CallInvoker
{
    internal string? Host { get; private set; }

    internal CallOptions Options { get; private set; }

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        Note("blocking", host, options);
        return (TResponse)(object)$"re:{request}";
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        Note("unary", host, options);
        return new(
            Task.FromResult((TResponse)(object)$"re:{request}"), NoHeaders, () => Status.DefaultSuccess, () => [], End);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        Note("server", host, options);
        return new(null!, NoHeaders, () => Status.DefaultSuccess, () => [], End);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        Note("client", host, options);
        return new(
            null!, Task.FromResult((TResponse)(object)"re"), NoHeaders, () => Status.DefaultSuccess, () => [], End);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        Note("duplex", host, options);
        return new(null!, null!, NoHeaders, () => Status.DefaultSuccess, () => [], End);
    }

    private static Task<Metadata> NoHeaders => Task.FromResult(new Metadata());

    private void Note(string kind, string? host, CallOptions options)
    {
        trace.Add(kind);
        Host = host;
        Options = options;
    }

    private void End() => trace.Add("disposed");
}
