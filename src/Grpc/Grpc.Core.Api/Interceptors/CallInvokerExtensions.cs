using Grpc.Core.Utils;

namespace Grpc.Core.Interceptors;

/// <summary>
/// Adds interceptors to an invoker. <c>Intercept(a, b, c)</c> runs a, then b, then c, and so does
/// <c>Intercept(c).Intercept(b).Intercept(a)</c>: what is added last runs first.
/// </summary>
public static class CallInvokerExtensions
{
    public static CallInvoker Intercept(this CallInvoker invoker, Interceptor interceptor) =>
        new InterceptingCallInvoker(invoker, interceptor);

    /// <summary>Interceptors that run in the order given.</summary>
    public static CallInvoker Intercept(this CallInvoker invoker, params Interceptor[] interceptors)
    {
        GrpcPreconditions.CheckNotNull(invoker, nameof(invoker));
        GrpcPreconditions.CheckNotNull(interceptors, nameof(interceptors));

        CallInvoker outermost = invoker;
        for (int i = interceptors.Length - 1; i >= 0; i--)
            outermost = outermost.Intercept(interceptors[i]);

        return outermost;
    }

    /// <summary>An interceptor that is given the request headers and returns those to send instead.</summary>
    public static CallInvoker Intercept(this CallInvoker invoker, Func<Metadata, Metadata> interceptor) =>
        new InterceptingCallInvoker(invoker, new MetadataInterceptor(interceptor));
}
