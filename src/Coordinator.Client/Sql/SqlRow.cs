using System.Globalization;
using Coordinator.Client.Sql;
using Coordinator.Contracts.V1;

namespace Coordinator.Client;

/// <summary>A row of a query's answer.</summary>
public sealed class SqlRow
{
    private readonly SqlColumns _columns;
    private readonly IReadOnlyList<Value> _values;

    internal SqlRow(SqlColumns columns, IReadOnlyList<Value> values)
    {
        _columns = columns;
        _values = values;
    }

    /// <summary>The columns' names, in order.</summary>
    public IReadOnlyList<string> Columns => _columns.Names;

    /// <summary>
    /// A value: null, bool, long, double, decimal, string, byte[], DateTimeOffset, DateOnly, Guid or JsonElement.
    /// </summary>
    /// <exception cref="OverflowException">A decimal has more digits than .NET's; <c>Get&lt;string&gt;</c> gives them all.</exception>
    public object? this[int ordinal] => SqlValues.Decode(_values[ordinal]);

    /// <summary>The value of a column; upper and lower case are not told apart.</summary>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    public object? this[string name] => this[_columns.OrdinalOf(name)];

    /// <summary>True for SQL's null.</summary>
    public bool IsNull(int ordinal) => _values[ordinal].KindCase == Value.KindOneofCase.Null;

    /// <inheritdoc cref="Get{T}(int)"/>
    public T Get<T>(string name) => Get<T>(_columns.OrdinalOf(name));

    /// <summary>A value as a type: its own, its nullable, a wider or fitting number, or a text in its text form.</summary>
    /// <exception cref="InvalidCastException">The value is null or of another type.</exception>
    /// <exception cref="OverflowException">The number does not fit.</exception>
    public T Get<T>(int ordinal)
    {
        var value = _values[ordinal];
        var target = Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T);
        if (value.KindCase == Value.KindOneofCase.Null)
            return default(T) is null ? default! : throw new InvalidCastException($"Column {Columns[ordinal]} is null.");
        if (target == typeof(string) && SqlValues.TextOf(value) is T text)
            return text;
        var decoded = SqlValues.Decode(value);
        if (decoded is T exact)
            return exact;
        if (decoded is long or double or decimal && IsNumber(target))
            return (T)Convert.ChangeType(decoded, target, CultureInfo.InvariantCulture);
        throw new InvalidCastException($"Column {Columns[ordinal]} is a {value.KindCase}, not a {target.Name}.");
    }

    private static bool IsNumber(Type type) => Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.Decimal;
}
