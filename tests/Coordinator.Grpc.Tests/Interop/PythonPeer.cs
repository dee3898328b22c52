using System.Diagnostics;

namespace Coordinator.Grpc.Tests.Interop;

/// <summary>Debian's grpcio, with code that its own generator makes for each run.</summary>
internal sealed class PythonPeer : IPeer
{
    private readonly string _generated = Directory.CreateTempSubdirectory("coordinator-grpcio-").FullName;

    public string Install =>
        "install Debian's python3-grpcio, python3-protobuf, protobuf-compiler and protobuf-compiler-grpc";

    public bool ServerSeesCompression => false;

    public bool ServerCanCompress => true;

    public Task PrepareAsync() => Tool.RunAsync(
        Install,
        new ProcessStartInfo("protoc",
        [
            $"--proto_path={Path.Combine(AppContext.BaseDirectory, "protos")}",
            $"--python_out={_generated}",
            $"--grpc_python_out={_generated}",
            "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin",
            "interop.proto",
        ]),
        TimeSpan.FromSeconds(30));

    public ProcessStartInfo Script(params string[] arguments)
    {
        // Debian's interpreter, since another one earlier in the path would not see Debian's packages.
        var start = new ProcessStartInfo(
            "/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Interop", "python", "peer.py"), .. arguments]);
        start.Environment["PYTHONPATH"] = _generated;
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        return start;
    }

    public void Dispose() => Directory.Delete(_generated, recursive: true);
}
