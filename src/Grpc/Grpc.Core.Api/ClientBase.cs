using Grpc.Core.Utils;

namespace Grpc.Core;

/// <summary>The base of generated clients.</summary>
public abstract class ClientBase
{
    /// <summary>For test doubles: every call throws <see cref="NotImplementedException"/>.</summary>
    protected ClientBase()
        : this(new UnimplementedCallInvoker())
    {
    }

    protected ClientBase(ClientBaseConfiguration configuration)
    {
        Configuration = GrpcPreconditions.CheckNotNull(configuration, nameof(configuration));
        CallInvoker = configuration.CreateCallInvoker();
    }

    public ClientBase(ChannelBase channel)
        : this(GrpcPreconditions.CheckNotNull(channel, nameof(channel)).CreateCallInvoker())
    {
    }

    public ClientBase(CallInvoker callInvoker)
        : this(new ClientBaseConfiguration(callInvoker, null))
    {
    }

    protected CallInvoker CallInvoker { get; }

    internal ClientBaseConfiguration Configuration { get; }

    /// <summary>Opaque to subclasses, which only hand it on to a new instance.</summary>
    protected internal class ClientBaseConfiguration
    {
        private readonly CallInvoker _inner;
        private readonly string? _host;

        internal ClientBaseConfiguration(CallInvoker inner, string? host)
        {
            _inner = GrpcPreconditions.CheckNotNull(inner, nameof(inner));
            _host = host;
        }

        internal ClientBaseConfiguration WithHost(string host) =>
            new(_inner, GrpcPreconditions.CheckNotNull(host, nameof(host)));

        internal CallInvoker CreateCallInvoker() => new HostCallInvoker(_inner, _host);
    }
}
