using System.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Compression;
using Microsoft.AspNetCore.Builder;

namespace Coordinator.Grpc.Tests.Surface;

/// <summary>
/// The published server and client must find in the API assemblies whatever they were compiled against. The runtime
/// itself is asked, since what it cannot resolve here it could not resolve in a call either.
/// </summary>
public class SurfaceTests
{
    private static readonly Type[] _anyArguments = [typeof(object), typeof(object), typeof(object), typeof(object)];

    private static readonly string[] _apiAssemblies = ["Grpc.Core.Api", "Grpc.Net.Common"];

    public static TheoryData<string> Published => ["Grpc.AspNetCore.Server", "Grpc.Net.Client"];

    [Theory]
    [MemberData(nameof(Published))]
    public void Types_ReferencedByPublishedAssembly_Resolve(string name)
    {
        Assembly assembly = Load(name);
        using var referenced = new ReferencedApi(assembly, _apiAssemblies);
        (int Token, string Name)[] types = [.. referenced.Types()];

        Assert.True(types.Length >= 30, $"only {types.Length} types found");
        Assert.Empty(Missing(types, token => assembly.ManifestModule.ResolveType(token)));
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Members_ReferencedByPublishedAssembly_ResolveWithTheirSignatures(string name)
    {
        Assembly assembly = Load(name);
        using var referenced = new ReferencedApi(assembly, _apiAssemblies);
        (int Token, string Name)[] members = [.. referenced.Members()];

        Assert.True(members.Length >= 60, $"only {members.Length} members found");
        Assert.Empty(Missing(
            members, token => assembly.ManifestModule.ResolveMember(token, _anyArguments, _anyArguments)));
    }

    /// <summary>Loading a type fails if an interface or an abstract base asks for more than it has.</summary>
    [Theory]
    [MemberData(nameof(Published))]
    public void Subclasses_InPublishedAssembly_Load(string name) => Assert.NotEmpty(Load(name).GetTypes());

    /// <summary>The runtime takes an override that finds no base method for a new method, and says nothing.</summary>
    [Theory]
    [MemberData(nameof(Published))]
    public void Overrides_InPublishedAssembly_HaveABaseMethod(string name)
    {
        const BindingFlags declared =
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        MethodInfo[] overrides = [.. Load(name).GetTypes().Where(InheritsFromApi)
            .SelectMany(type => type.GetMethods(declared))
            .Where(method => method.IsVirtual && !method.Attributes.HasFlag(MethodAttributes.NewSlot))];

        Assert.True(overrides.Length >= 15, $"only {overrides.Length} overrides found");
        string[] withoutBase = [.. overrides
            .Where(method => method.GetBaseDefinition().DeclaringType == method.DeclaringType)
            .Select(method => $"{method.DeclaringType}.{method}")];
        Assert.Empty(withoutBase);
    }

    [Theory]
    [InlineData(typeof(Metadata), "Grpc.Core.Api")]
    [InlineData(typeof(ICompressionProvider), "Grpc.Net.Common")]
    public void ApiAssembly_Identity_IsThePublishedOne(Type type, string name) => Assert.Equal(
        $"{name}, Version=2.0.0.0, Culture=neutral, PublicKeyToken=d754f35622e28bad", type.Assembly.FullName);

    /// <summary>Keeps the tests above honest: they must see what is not there.</summary>
    [Fact]
    public void Missing_UnknownToken_IsReported()
    {
        Module module = typeof(GrpcChannel).Assembly.ManifestModule;
        const int noSuchMember = 0x0A00FFFF;

        Assert.Single(Missing(
            [(noSuchMember, "none")], token => module.ResolveMember(token, _anyArguments, _anyArguments)));
    }

    private static Assembly Load(string name) => name switch
    {
        "Grpc.AspNetCore.Server" => typeof(GrpcEndpointRouteBuilderExtensions).Assembly,
        "Grpc.Net.Client" => typeof(GrpcChannel).Assembly,
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static bool InheritsFromApi(Type type) =>
        type.BaseType is { } parent
        && (_apiAssemblies.Contains(parent.Assembly.GetName().Name) || InheritsFromApi(parent));

    private static List<string> Missing(IEnumerable<(int Token, string Name)> tokens, Func<int, MemberInfo?> resolve)
    {
        var missing = new List<string>();
        foreach ((int token, string name) in tokens)
        {
            try
            {
                if (resolve(token) is null)
                    missing.Add(name);
            }
            catch (Exception fault) when (fault is MissingMemberException or TypeLoadException or ArgumentException)
            {
                missing.Add($"{name}: {fault.Message}");
            }
        }

        return missing;
    }
}
