using System.Diagnostics;

namespace Coordinator.Grpc.Tests.Interop;

/// <summary>Another implementation of gRPC, with a script that serves and one that calls.</summary>
internal interface IPeer : IDisposable
{
    /// <summary>What to install where the peer does not run.</summary>
    string Install { get; }

    /// <summary>Whether its service can tell that a request came compressed.</summary>
    bool ServerSeesCompression { get; }

    bool ServerCanCompress { get; }

    /// <summary>Gets packages or generates code, once.</summary>
    Task PrepareAsync();

    /// <summary>The script with these arguments.</summary>
    ProcessStartInfo Script(params string[] arguments);
}
