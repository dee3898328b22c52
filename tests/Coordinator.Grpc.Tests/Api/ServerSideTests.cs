using Grpc.Core;

namespace Coordinator.Grpc.Tests.Api;

public class ServerSideTests
{
    private static readonly Method<string, string> _unary = Named("Unary", MethodType.Unary);
    private static readonly Method<string, string> _duplex = Named("Duplex", MethodType.DuplexStreaming);

    [Fact]
    public void BindService_Methods_AreHandedOverInOrder()
    {
        var binder = new Binder();
        UnaryServerMethod<string, string> unary = (request, _) => Task.FromResult(request);
        DuplexStreamingServerMethod<string, string> duplex = (_, _, _) => Task.CompletedTask;
        ServerServiceDefinition.CreateBuilder().AddMethod(_unary, unary).AddMethod(_duplex, duplex).Build()
            .BindService(binder);

        Assert.Equal([unary, duplex], binder.Handlers);
    }

    [Fact]
    public void AddMethod_SameNameTwice_Throws()
    {
        UnaryServerMethod<string, string> handler = (request, _) => Task.FromResult(request);
        ServerServiceDefinition.Builder builder = ServerServiceDefinition.CreateBuilder().AddMethod(_unary, handler);

        Assert.Throws<ArgumentException>(() => builder.AddMethod(_unary, handler));
    }

    [Fact]
    public void ServiceBinderBase_WithoutOverrides_Refuses() => Assert.Throws<NotImplementedException>(
        () => new ServiceBinderBase().AddMethod(_unary, (UnaryServerMethod<string, string>?)null));

    [Fact]
    public void GeneratedService_Attribute_LeadsToTheBindMethod()
    {
        var attribute = (BindServiceMethodAttribute)Assert.Single(
            typeof(DerivedService).GetCustomAttributes(typeof(BindServiceMethodAttribute), inherit: true));

        Assert.NotEmpty(attribute.BindType.GetMember(attribute.BindMethodName));
    }

    private static Method<string, string> Named(string name, MethodType type) => new(
        type, "pkg.Service", name, Marshallers.StringMarshaller, Marshallers.StringMarshaller);

    private sealed class DerivedService : Interop.TestService.TestServiceBase;

    private sealed class Binder : ServiceBinderBase
    {
        internal List<object?> Handlers { get; } = [];

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
            Handlers.Add(handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
            Handlers.Add(handler);
    }
}
