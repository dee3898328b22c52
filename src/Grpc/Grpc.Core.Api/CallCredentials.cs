using Grpc.Core.Utils;

namespace Grpc.Core;

/// <summary>Credentials of single calls, sent as headers.</summary>
public abstract class CallCredentials
{
    /// <summary>All of these, applied in order; at least two.</summary>
    public static CallCredentials Compose(params CallCredentials[] credentials) =>
        new CompositeCredentials(credentials);

    public static CallCredentials FromInterceptor(AsyncAuthInterceptor interceptor) =>
        new InterceptorCredentials(interceptor);

    /// <summary>For transports only: tells the configurator what kind of credentials these are.</summary>
    public abstract void InternalPopulateConfiguration(CallCredentialsConfiguratorBase configurator, object? state);

    private sealed class CompositeCredentials : CallCredentials
    {
        private readonly CallCredentials[] _parts;

        internal CompositeCredentials(CallCredentials[] parts)
        {
            GrpcPreconditions.CheckNotNull(parts, "credentials");
            GrpcPreconditions.CheckArgument(parts.Length >= 2, "There must be two or more to compose.");
            _parts = (CallCredentials[])parts.Clone();
        }

        public override void InternalPopulateConfiguration(
            CallCredentialsConfiguratorBase configurator, object? state) =>
            configurator.SetCompositeCredentials(state, _parts);
    }

    private sealed class InterceptorCredentials(AsyncAuthInterceptor interceptor) : CallCredentials
    {
        private readonly AsyncAuthInterceptor _interceptor =
            GrpcPreconditions.CheckNotNull(interceptor, nameof(interceptor));

        public override void InternalPopulateConfiguration(
            CallCredentialsConfiguratorBase configurator, object? state) =>
            configurator.SetAsyncAuthInterceptorCredentials(state, _interceptor);
    }
}
