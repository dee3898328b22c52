using System.Diagnostics;
using System.Security.Cryptography;

namespace Coordinator.Grpc.Tests.Interop;

/// <summary>@grpc/grpc-js. Its packages are kept in a temporary folder named after their lock file.</summary>
internal sealed class NodePeer : IPeer
{
    private static readonly string _source = Path.Combine(AppContext.BaseDirectory, "Interop", "node");
    private static readonly string[] _packageFiles = ["package.json", "package-lock.json", ".npmrc"];

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"coordinator-grpc-js-{LockHash()}");

    public string Install => "install Debian's nodejs (18 or later) and npm, and let npm reach its registry";

    public bool ServerSeesCompression => false;

    public bool ServerCanCompress => false;

    public async Task PrepareAsync()
    {
        if (Directory.Exists(_folder))
            return;

        // Another run may do the same at this time, so the folder appears whole, by one rename.
        string fresh = Directory.CreateTempSubdirectory("coordinator-grpc-js-").FullName;
        foreach (string file in _packageFiles)
            File.Copy(Path.Combine(_source, file), Path.Combine(fresh, file));

        await Tool.RunAsync(
            Install,
            new ProcessStartInfo("npm", ["ci", "--ignore-scripts"]) { WorkingDirectory = fresh },
            TimeSpan.FromMinutes(2));
        try
        {
            Directory.Move(fresh, _folder);
        }
        catch (IOException) when (Directory.Exists(_folder))
        {
            Directory.Delete(fresh, recursive: true);
        }
    }

    public ProcessStartInfo Script(params string[] arguments)
    {
        string proto = Path.Combine(AppContext.BaseDirectory, "protos", "interop.proto");
        var start = new ProcessStartInfo("node", [Path.Combine(_source, "peer.js"), proto, .. arguments]);
        start.Environment["NODE_PATH"] = Path.Combine(_folder, "node_modules");
        return start;
    }

    public void Dispose()
    {
        // The packages stay for the next run.
    }

    private static string LockHash() => Convert.ToHexStringLower(
        SHA256.HashData(File.ReadAllBytes(Path.Combine(_source, "package-lock.json"))))[..12];
}
