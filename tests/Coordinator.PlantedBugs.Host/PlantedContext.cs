using System.Reflection;
using System.Runtime.Loader;

namespace Coordinator.PlantedBugs.Host;

/// <summary>
/// The assemblies of one run, apart from those of every other: those of a folder, with one replaced. .NET itself and xunit,
/// which knows its own types by name, are the host's.
/// </summary>
internal sealed class PlantedContext(string assembly, string replacement) : AssemblyLoadContext(Path.GetFileName(assembly), isCollectible: true)
{
    private readonly AssemblyDependencyResolver _folder = new(assembly);

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name == Path.GetFileNameWithoutExtension(replacement))
            return LoadFromAssemblyPath(replacement);
        if (assemblyName.Name!.StartsWith("xunit.", StringComparison.Ordinal))
            return null;
        return _folder.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _folder.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
}
