using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Coordinator.Hosting;

/// <summary>
/// Gives an ErrorInfo to the failures that happen before a service method is reached, where no interceptor runs: a
/// message that is too large or no protobuf, an unknown method. So every failed call can be read by programs. The
/// participant host is built with this file too.
/// </summary>
internal static class ErrorDetailsMiddleware
{
    private const string StatusName = "grpc-status", MessageName = "grpc-message";

    private const string Unreadable = "The request is not the message that this method takes; see its .proto file.";

    private static readonly object ReachedKey = new();

    /// <summary>Tells that the request was read: what fails from here on is not the caller's bytes.</summary>
    public static void MarkReached(ServerCallContext context) => context.GetHttpContext().Items[ReachedKey] = true;

    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        try
        {
            AddDetails(context);
        }
        catch (InvalidOperationException) when (context.Response.HasStarted)
        {
            // The call's deadline passed meanwhile, and its timer has sent the status on another thread.
        }
    }

    private static void AddDetails(HttpContext context)
    {
        // Before the response has started, gRPC puts the status into its headers, else into its trailers.
        var destination = context.Response.HasStarted
            ? context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseTrailersFeature>()?.Trailers
            : context.Response.Headers;
        if (destination is null || destination.IsReadOnly || destination.ContainsKey(RpcErrors.TrailerName))
            return;
        if (!int.TryParse(destination[StatusName], out var number) || number == (int)StatusCode.OK)
            return;
        var status = (StatusCode)number;
        var message = Uri.UnescapeDataString(destination[MessageName].ToString());
        // gRPC for .NET answers UNKNOWN where a message cannot be parsed, as if the service were at fault.
        if (status == StatusCode.Unknown && !context.Items.ContainsKey(ReachedKey))
        {
            (status, message) = (StatusCode.InvalidArgument, Unreadable);
            destination[StatusName] = ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture);
            destination[MessageName] = message;
        }

        var reason = status is StatusCode.ResourceExhausted or StatusCode.InvalidArgument ? Reason.Malformed : Reason.Unspecified;
        var failure = RpcErrors.Create(status, reason, message);
        destination[RpcErrors.TrailerName] = Convert.ToBase64String(failure.Trailers.Single().ValueBytes).TrimEnd('=');
    }
}
