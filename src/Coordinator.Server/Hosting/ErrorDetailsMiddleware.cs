using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Coordinator.Server;

/// <summary>
/// Gives an ErrorInfo to the failures that happen before a service method is reached, where no interceptor runs: a
/// message that is too large or no protobuf, an unknown method. So every failed call can be read by programs.
/// </summary>
internal static class ErrorDetailsMiddleware
{
    private const string StatusName = "grpc-status", MessageName = "grpc-message";

    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        // Before the response has started, gRPC puts the status into its headers, else into its trailers.
        var destination = context.Response.HasStarted
            ? context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseTrailersFeature>()?.Trailers
            : context.Response.Headers;
        if (destination is null || destination.IsReadOnly || destination.ContainsKey(RpcErrors.TrailerName))
            return;
        if (!int.TryParse(destination[StatusName], out var number) || number == (int)StatusCode.OK)
            return;
        var reason = (StatusCode)number is StatusCode.ResourceExhausted or StatusCode.InvalidArgument ? Reason.Malformed : Reason.Unspecified;
        var failure = RpcErrors.Create((StatusCode)number, reason, Uri.UnescapeDataString(destination[MessageName].ToString()));
        destination[RpcErrors.TrailerName] = Convert.ToBase64String(failure.Trailers.Single().ValueBytes).TrimEnd('=');
    }
}
