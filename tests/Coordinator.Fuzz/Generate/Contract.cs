using System.Reflection;
using Coordinator.Contracts.V1;
using Google.Protobuf.Reflection;

namespace Coordinator.Fuzz.Generate;

/// <summary>Every method of every service in the contract, found by walking its descriptors: one that is added is fuzzed too.</summary>
internal static class Contract
{
    public const string Attach = "coordinator.v1.ParticipantService/Attach";

    public const string Initiate = "coordinator.v1.InitiatorService/Initiate";

    public static IReadOnlyList<MethodDescriptor> Methods { get; } =
    [
        .. typeof(BeginRequest).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("Reflection", StringComparison.Ordinal) && type.Namespace == typeof(BeginRequest).Namespace)
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
            .OfType<FileDescriptor>()
            .SelectMany(file => file.Services)
            .SelectMany(service => service.Methods)
            .OrderBy(NameOf, StringComparer.Ordinal),
    ];

    /// <summary>Methods with one request; the others are streams from the caller.</summary>
    public static IReadOnlyList<MethodDescriptor> Unary { get; } = [.. Methods.Where(method => !method.IsClientStreaming)];

    public static string NameOf(MethodDescriptor method) => $"{method.Service.FullName}/{method.Name}";

    public static bool IsSql(MethodDescriptor method) => method.Service.Name == "SqlService";
}
