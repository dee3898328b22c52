using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Coordinator.Grpc.Tests.Surface;

/// <summary>What a compiled assembly references of given other assemblies, as metadata tokens.</summary>
internal sealed class ReferencedApi : IDisposable
{
    private readonly PEReader _file;
    private readonly MetadataReader _metadata;
    private readonly IReadOnlyCollection<string> _targets;

    internal ReferencedApi(Assembly assembly, params IReadOnlyCollection<string> targets)
    {
        _file = new PEReader(File.OpenRead(assembly.Location));
        _metadata = _file.GetMetadataReader();
        _targets = targets;
    }

    internal IEnumerable<(int Token, string Name)> Types() =>
        from handle in _metadata.TypeReferences
        where IsTarget(handle)
        select (MetadataTokens.GetToken(handle), Name(handle));

    internal IEnumerable<(int Token, string Name)> Members() =>
        from handle in _metadata.MemberReferences
        let member = _metadata.GetMemberReference(handle)
        let owner = Owner(member.Parent)
        where !owner.IsNil && IsTarget(owner)
        select (MetadataTokens.GetToken(handle), $"{Name(owner)}.{_metadata.GetString(member.Name)}");

    public void Dispose() => _file.Dispose();

    private bool IsTarget(TypeReferenceHandle handle)
    {
        EntityHandle scope = _metadata.GetTypeReference(handle).ResolutionScope;
        return scope.Kind switch
        {
            HandleKind.TypeReference => IsTarget((TypeReferenceHandle)scope),
            HandleKind.AssemblyReference => _targets.Contains(
                _metadata.GetString(_metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name)),
            _ => false,
        };
    }

    private TypeReferenceHandle Owner(EntityHandle parent) => parent.Kind switch
    {
        HandleKind.TypeReference => (TypeReferenceHandle)parent,
        HandleKind.TypeSpecification => GenericDefinition((TypeSpecificationHandle)parent),
        _ => default,
    };

    /// <summary>In a signature a generic type is written as its mark, then class or struct, then the type.</summary>
    private TypeReferenceHandle GenericDefinition(TypeSpecificationHandle specification)
    {
        BlobReader signature = _metadata.GetBlobReader(_metadata.GetTypeSpecification(specification).Signature);
        if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
            return default;

        signature.ReadCompressedInteger();
        EntityHandle type = signature.ReadTypeHandle();
        return type.Kind == HandleKind.TypeReference ? (TypeReferenceHandle)type : default;
    }

    private string Name(TypeReferenceHandle handle)
    {
        TypeReference type = _metadata.GetTypeReference(handle);
        string name = _metadata.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{Name((TypeReferenceHandle)type.ResolutionScope)}+{name}"
            : $"{_metadata.GetString(type.Namespace)}.{name}";
    }
}
