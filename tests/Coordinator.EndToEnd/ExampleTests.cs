using System.Diagnostics;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>What the documents show is run as it stands there.</summary>
public sealed partial class ExampleTests
{
    [Fact]
    public void Readme_Example_IsTheQuickStartsOwnCode()
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "deploy/quickstart/Shop/PlaceOrder.cs"));
        var code = Normalize(source.Split("// <example>")[1].Split("// </example>")[0]);
        var shown = Normalize(CSharpBlock().Match(File.ReadAllText(Path.Combine(Repository.Root, "README.md"))).Groups[1].Value);

        Assert.Equal(code, shown);
    }

    [Fact]
    public async Task QuickStart_EndsWithoutASplit()
    {
        await using var process = ProcessHandle.Start("bash", [Path.Combine(Repository.Root, "deploy/quickstart.sh")]);

        var exitCode = await process.WaitForExitAsync(TimeSpan.FromMinutes(4));

        Assert.True(exitCode == 0, string.Join('\n', process.Lines));
        Assert.Equal("quickstart: committed=4 rolled_back=2 recovered=2 split=0", process.Lines[^1]);
    }

    /// <summary>How the coordinator comes into service, by its README.</summary>
    [Fact]
    public async Task PublishedCoordinator_IsCompiledAheadAndServes()
    {
        var command = PublishCommand().Match(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "src/Coordinator.Server/README.md"))).Groups[1].Value;
        var folder = Directory.CreateTempSubdirectory("coordinator-published-").FullName;
        try
        {
            await using var publish = ProcessHandle.Start("env", ["-C", Repository.Root, "dotnet", .. command.Split(' '), folder]);
            Assert.True(await publish.WaitForExitAsync(TimeSpan.FromMinutes(4)) == 0, string.Join('\n', publish.Lines));
            Assert.True(IsCompiledAhead(Path.Combine(folder, "Coordinator.Engine.dll")));
            await using var coordinator = ProcessHandle.Start(Path.Combine(folder, "coordinator"),
                ["--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", "--log", Path.Combine(folder, "log.db")]);
            await coordinator.WaitForLineAsync("serving on", TimeSpan.FromSeconds(30));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task NodeClient_FromTheProtosAlone_CommitsAndRollsBack()
    {
        await using var shop = await Shop.StartAsync();
        var script = NodeBlock().Match(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "protos/README.md"))).Groups[1].Value;
        using var folder = new NodeFolder();
        await folder.InstallAsync();
        var file = folder.Write("client.js", script);

        await using var process = ProcessHandle.Start("node", [file], new Dictionary<string, string?>
        {
            ["PROTOS"] = Path.Combine(Repository.Root, "protos"),
            ["COORDINATOR"] = shop.Coordinator.Authority,
            ["ORDERS"] = shop.Orders.Authority,
            ["INVENTORY"] = shop.Inventory.Authority,
        });
        var exitCode = await process.WaitForExitAsync(TimeSpan.FromSeconds(60));

        Assert.True(exitCode == 0, string.Join('\n', process.Lines));
        Assert.EndsWith("OUTCOME_COMMITTED", process.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith("OUTCOME_ABORTED", process.Lines[1], StringComparison.Ordinal);
        await shop.AssertAgreementAsync(expectedOrders: 2);
    }

    // Machine code beside the IL: "managed native header" in the file's CLI header.
    private static bool IsCompiledAhead(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        return file.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
    }

    private static string Normalize(string code) =>
        string.Join('\n', code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex("^    dotnet (publish .* -o) [^ ]+$", RegexOptions.Multiline)]
    private static partial Regex PublishCommand();

    [GeneratedRegex("```js\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex NodeBlock();

    /// <summary>A folder with the packages that the example names, as the interoperability tests pin them.</summary>
    private sealed class NodeFolder : IDisposable
    {
        private readonly string _path = Directory.CreateTempSubdirectory("coordinator-node-").FullName;

        public async Task InstallAsync()
        {
            var pinned = Path.Combine(Repository.Root, "tests/Coordinator.Grpc.Tests/Interop/node");
            foreach (var file in new[] { "package.json", "package-lock.json", ".npmrc" })
                File.Copy(Path.Combine(pinned, file), Path.Combine(_path, file));
            using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--silent"]) { WorkingDirectory = _path })!;
            await npm.WaitForExitAsync();
            Assert.Equal(0, npm.ExitCode);
        }

        public string Write(string name, string text)
        {
            var file = Path.Combine(_path, name);
            File.WriteAllText(file, text);
            return file;
        }

        public void Dispose() => Directory.Delete(_path, recursive: true);
    }
}
