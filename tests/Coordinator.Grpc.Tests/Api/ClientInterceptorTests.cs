using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Coordinator.Grpc.Tests.Api;

public class ClientInterceptorTests
{
    private static readonly Method<string, string> _method = new(
        MethodType.Unary, "pkg.Service", "Do", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

    private readonly List<string> _trace = [];
    private readonly RecordingInvoker _inner;

    public ClientInterceptorTests() => _inner = new RecordingInvoker(_trace);

    [Fact]
    public void Intercept_SeveralAtOnce_RunInTheOrderGiven()
    {
        CallInvoker invoker = _inner.Intercept(Named("a"), Named("b"), Named("c"));

        Assert.Equal("re:x", invoker.BlockingUnaryCall(_method, null, default, "x"));
        Assert.Equal(["a", "b", "c", "blocking"], _trace);
    }

    [Fact]
    public void Intercept_OneAfterAnother_RunsTheLastAddedFirst()
    {
        CallInvoker invoker = _inner.Intercept(Named("c")).Intercept(Named("b")).Intercept(Named("a"));
        invoker.BlockingUnaryCall(_method, null, default, "x");

        Assert.Equal(["a", "b", "c", "blocking"], _trace);
    }

    [Fact]
    public void Intercept_None_IsTheInvokerItself() => Assert.Same(_inner, _inner.Intercept());

    [Fact]
    public void Intercept_EveryKindOfCall_IsSeen()
    {
        CallInvoker invoker = _inner.Intercept(Named("i"));
        invoker.BlockingUnaryCall(_method, null, default, "x");
        invoker.AsyncUnaryCall(_method, null, default, "x").Dispose();
        invoker.AsyncServerStreamingCall(_method, null, default, "x").Dispose();
        invoker.AsyncClientStreamingCall(_method, null, default).Dispose();
        invoker.AsyncDuplexStreamingCall(_method, null, default).Dispose();

        Assert.Equal(
            ["i", "blocking", "i", "unary", "disposed", "i", "server", "disposed", "i", "client", "disposed", "i",
                "duplex", "disposed"],
            _trace);
    }

    [Fact]
    public void Interceptor_WithoutOverrides_PassesEveryCallOn()
    {
        CallInvoker invoker = _inner.Intercept(new Silent());
        invoker.BlockingUnaryCall(_method, "host", default, "x");
        invoker.AsyncUnaryCall(_method, null, default, "x").Dispose();
        invoker.AsyncServerStreamingCall(_method, null, default, "x").Dispose();
        invoker.AsyncClientStreamingCall(_method, null, default).Dispose();
        invoker.AsyncDuplexStreamingCall(_method, null, default).Dispose();

        Assert.Equal(5, _trace.Count(step => step != "disposed"));
    }

    [Fact]
    public void Interceptor_OtherRequestHostAndOptions_ReachTheInvoker()
    {
        DateTime deadline = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        string response = _inner.Intercept(new Rewriting(deadline)).BlockingUnaryCall(_method, "old", default, "x");

        Assert.Equal("re:x!", response);
        Assert.Equal("new", _inner.Host);
        Assert.Equal(deadline, _inner.Options.Deadline);
    }

    [Fact]
    public async Task Intercept_Headers_AreReplacedOnEveryKindOfCall()
    {
        CallInvoker invoker = _inner.Intercept(headers => [.. headers, new Metadata.Entry("added", "yes")]);
        var options = new CallOptions(headers: new Metadata { { "own", "1" } });

        Assert.Equal("re:x", await invoker.AsyncUnaryCall(_method, null, options, "x"));
        Assert.Equal(["own", "added"], _inner.Options.Headers!.Select(entry => entry.Key));
        invoker.AsyncDuplexStreamingCall(_method, null, default).Dispose();
        Assert.Equal(["added"], _inner.Options.Headers!.Select(entry => entry.Key));
    }

    [Fact]
    public void Intercept_Channel_GoesThroughItsInvoker()
    {
        var channel = new FakeChannel(_inner);
        channel.Intercept(Named("a")).BlockingUnaryCall(_method, null, default, "x");
        channel.Intercept(Named("b"), Named("c")).BlockingUnaryCall(_method, null, default, "x");

        Assert.Equal(["a", "blocking", "b", "c", "blocking"], _trace);
        Assert.Equal("target", channel.Target);
        Assert.True(channel.ShutdownAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public void Intercept_Null_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => _inner.Intercept((Interceptor)null!));
        Assert.Throws<ArgumentNullException>(() => ((CallInvoker)null!).Intercept(Named("a")));
        Assert.Throws<ArgumentNullException>(() => _inner.Intercept((Func<Metadata, Metadata>)null!));
    }

    private Naming Named(string name) => new(name, _trace);

    private sealed class Silent : Interceptor;

    private sealed class FakeChannel(CallInvoker invoker) : ChannelBase("target")
    {
        public override CallInvoker CreateCallInvoker() => invoker;
    }

    private sealed class Rewriting(DateTime deadline) : Interceptor
    {
        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            BlockingUnaryCallContinuation<TRequest, TResponse> continuation) => continuation(
                (TRequest)(object)$"{request}!", new(context.Method, "new", context.Options.WithDeadline(deadline)));
    }

    private sealed class Naming(string name, List<string> trace) : Interceptor
    {
        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            BlockingUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            trace.Add(name);
            return continuation(request, context);
        }

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            trace.Add(name);
            return continuation(request, context);
        }

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            trace.Add(name);
            return continuation(request, context);
        }

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            trace.Add(name);
            return continuation(context);
        }

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            trace.Add(name);
            return continuation(context);
        }
    }
}
