using Coordinator.Contracts.V1;

namespace Coordinator.Client.Sql;

/// <summary>The columns that the rows of one query share.</summary>
internal sealed class SqlColumns
{
    private readonly Dictionary<string, int> _ordinals = new(StringComparer.OrdinalIgnoreCase);

    public SqlColumns(IReadOnlyList<Column> columns)
    {
        Names = [.. columns.Select(column => column.Name)];
        for (var ordinal = 0; ordinal < Names.Count; ordinal++)
        {
            // Of two columns with one name, the first is meant, as in ADO.NET.
            _ordinals.TryAdd(Names[ordinal], ordinal);
        }
    }

    public static SqlColumns None { get; } = new([]);

    public IReadOnlyList<string> Names { get; }

    public int OrdinalOf(string name) => _ordinals.TryGetValue(name, out var ordinal)
        ? ordinal
        : throw new ArgumentException($"The query has no column {name}; it has {string.Join(", ", Names)}.", nameof(name));
}
