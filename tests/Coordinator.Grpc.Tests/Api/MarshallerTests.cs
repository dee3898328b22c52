using Grpc.Core;

namespace Coordinator.Grpc.Tests.Api;

public class MarshallerTests
{
    [Fact]
    public void ArrayPair_ThroughContexts_RoundTrips()
    {
        Marshaller<string> marshaller = Marshallers.StringMarshaller;
        var written = new Written();
        marshaller.ContextualSerializer("grüße", written);

        Assert.Equal("grüße", marshaller.ContextualDeserializer(new Read(written.Payload!)));
        Assert.Equal("grüße", marshaller.Deserializer(marshaller.Serializer("grüße")));
    }

    [Fact]
    public void ContextualPair_ArrayFunctions_AreNotThere()
    {
        Marshaller<string> marshaller = Marshallers.Create<string>((_, _) => { }, _ => "");

        Assert.Throws<NotImplementedException>(() => marshaller.Serializer("x"));
        Assert.Throws<NotImplementedException>(() => marshaller.Deserializer([]));
    }

    [Fact]
    public void Create_NullFunction_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => Marshallers.Create((Func<string, byte[]>)null!, _ => ""));
        Assert.Throws<ArgumentNullException>(
            () => Marshallers.Create((_, _) => { }, (Func<DeserializationContext, string>)null!));
    }

    [Fact]
    public void Contexts_WithoutOverrides_RefuseAllButTheSizeHint()
    {
        var context = new Bare();
        context.SetPayloadLength(3);

        Assert.Throws<NotImplementedException>(() => context.Complete());
        Assert.Throws<NotImplementedException>(() => context.Complete([]));
        Assert.Throws<NotImplementedException>(context.GetBufferWriter);
        Assert.Throws<NotImplementedException>(() => new Read([]).PayloadAsReadOnlySequence());
    }

    [Fact]
    public void Method_FullName_IsThePath()
    {
        var method = new Method<string, string>(
            MethodType.Unary, "pkg.Service", "Do", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

        Assert.Equal("/pkg.Service/Do", method.FullName);
        Assert.Equal(("pkg.Service", "Do", MethodType.Unary), (method.ServiceName, method.Name, method.Type));
        Assert.Throws<ArgumentNullException>(() => new Method<string, string>(
            MethodType.Unary, null!, "Do", Marshallers.StringMarshaller, Marshallers.StringMarshaller));
    }

    private sealed class Bare : SerializationContext;

    private sealed class Written : SerializationContext
    {
        internal byte[]? Payload { get; private set; }

        public override void Complete(byte[] payload) => Payload = payload;
    }

    private sealed class Read(byte[] payload) : DeserializationContext
    {
        public override int PayloadLength => payload.Length;

        public override byte[] PayloadAsNewBuffer() => payload;
    }
}
