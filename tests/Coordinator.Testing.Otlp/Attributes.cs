using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Resource.V1;

namespace Coordinator.Testing.Otlp;

/// <summary>Reads attributes as text.</summary>
public static class Attributes
{
    /// <summary>Null if there is no such attribute.</summary>
    public static string? Find(this IEnumerable<KeyValue> attributes, string key)
    {
        var value = attributes.FirstOrDefault(attribute => attribute.Key == key)?.Value;
        return value?.ValueCase switch
        {
            null => null,
            AnyValue.ValueOneofCase.StringValue => value.StringValue,
            AnyValue.ValueOneofCase.BoolValue => value.BoolValue ? "true" : "false",
            AnyValue.ValueOneofCase.IntValue => value.IntValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
            _ => value.ToString(),
        };
    }

    /// <summary>The resource's service.name, which tells the processes apart.</summary>
    public static string? ServiceName(this Resource resource) => resource.Attributes.Find("service.name");
}
