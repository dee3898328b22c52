using System.Net;
using Coordinator.Testing;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Coordinator.Benchmarks.Rpc;

/// <summary>A trivial service on Kestrel, in a process of its own, which this program starts itself as.</summary>
internal static class EchoServer
{
    /// <summary>The hidden command.</summary>
    public const string Verb = "echo-server";

    private const string Ready = "echo on ";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    /// <summary>Starts the process; returns it and where it listens.</summary>
    public static async Task<(ProcessHandle Process, Uri Address)> StartProcessAsync()
    {
        var process = ProcessHandle.StartDotnet(typeof(EchoServer).Assembly.Location, [Verb]);
        var line = await process.WaitForLineAsync(Ready, StartLimit);
        return (process, new Uri(line[Ready.Length..]));
    }

    /// <summary>Is that process; ends when it is killed.</summary>
    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging();
        builder.Services.AddGrpc();
        await using var application = builder.Build();
        application.UseRouting();
        application.MapGrpcService<Service>();
        await application.StartAsync();
        var address = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        await Console.Out.WriteLineAsync(Ready + address);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    private sealed class Service : Echo.EchoBase
    {
        public override Task<EchoMessage> Call(EchoMessage request, ServerCallContext context) => Task.FromResult(request);

        public override async Task Talk(
            IAsyncStreamReader<EchoFrame> requestStream, IServerStreamWriter<EchoFrame> responseStream, ServerCallContext context)
        {
            while (await requestStream.MoveNext(context.CancellationToken))
                await responseStream.WriteAsync(requestStream.Current, context.CancellationToken);
        }
    }
}
