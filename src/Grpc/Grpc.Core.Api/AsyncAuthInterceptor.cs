namespace Grpc.Core;

/// <summary>Adds credentials, such as a bearer token, to a call's headers before it is sent.</summary>
public delegate Task AsyncAuthInterceptor(AuthInterceptorContext context, Metadata metadata);
