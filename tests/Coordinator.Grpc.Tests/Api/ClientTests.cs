using Grpc.Core;

namespace Coordinator.Grpc.Tests.Api;

public class ClientTests
{
    private static readonly Method<string, string> _method = new(
        MethodType.Unary, "pkg.Service", "Do", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

    private readonly List<string> _trace = [];

    [Fact]
    public void WithHost_Calls_NameThatHost()
    {
        var invoker = new RecordingInvoker(_trace);
        var client = new FakeClient(invoker);
        client.Call("x");
        Assert.Null(invoker.Host);

        client.WithHost("other:1").Call("x");
        Assert.Equal("other:1", invoker.Host);
        Assert.Throws<ArgumentNullException>(() => client.WithHost(null!));
    }

    [Fact]
    public void Client_WithoutChannel_ThrowsOnCall() =>
        Assert.Throws<NotImplementedException>(() => new FakeClient().Call("x"));

    [Fact]
    public void Client_NullInvoker_Throws() =>
        Assert.Throws<ArgumentNullException>(() => new FakeClient((CallInvoker)null!));

    [Fact]
    public void CallOptions_With_ChangesOneAndKeepsTheRest()
    {
        using var source = new CancellationTokenSource();
        DateTime deadline = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        CallCredentials credentials = CallCredentials.FromInterceptor((_, _) => Task.CompletedTask);
        var original = new CallOptions(new Metadata(), deadline, source.Token, WriteOptions.Default, null, credentials);
        var headers = new Metadata { { "a", "b" } };
        CallOptions changed = original.WithHeaders(headers).WithWaitForReady();

        Assert.Same(headers, changed.Headers);
        Assert.True(changed.IsWaitForReady);
        Assert.False(changed.WithWaitForReady(false).IsWaitForReady);
        Assert.Equal(deadline, changed.Deadline);
        Assert.Equal(source.Token, changed.CancellationToken);
        Assert.Same(WriteOptions.Default, changed.WriteOptions);
        Assert.Same(credentials, changed.Credentials);
        Assert.Null(changed.PropagationToken);
        Assert.Empty(original.Headers!);
        Assert.False(original.IsWaitForReady);
        Assert.Equal(CancellationToken.None, original.WithCancellationToken(default).CancellationToken);
    }

    [Fact]
    public async Task AsyncCall_WithState_PassesItToEveryFunction()
    {
        var state = new object();
        var seen = new List<object>();
        var headers = new Metadata();
        var call = new AsyncUnaryCall<string>(
            Task.FromResult("done"),
            given => { seen.Add(given); return Task.FromResult(headers); },
            given => { seen.Add(given); return Status.DefaultCancelled; },
            given => { seen.Add(given); return headers; },
            seen.Add,
            state);

        Assert.Equal("done", await call);
        Assert.Equal("done", await call.ConfigureAwait(false));
        Assert.Same(headers, await call.ResponseHeadersAsync);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
        Assert.Same(headers, call.GetTrailers());
        call.Dispose();
        Assert.Equal([state, state, state, state], seen);
    }

    private sealed class FakeClient : ClientBase<FakeClient>
    {
        internal FakeClient()
        {
        }

        internal FakeClient(CallInvoker invoker)
            : base(invoker)
        {
        }

        private FakeClient(ClientBaseConfiguration configuration)
            : base(configuration)
        {
        }

        internal string Call(string request) =>
            CallInvoker.BlockingUnaryCall(_method, null, default, request);

        protected override FakeClient NewInstance(ClientBaseConfiguration configuration) => new(configuration);
    }
}
