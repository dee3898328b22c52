using System.Globalization;

namespace Coordinator.Lab.Orders;

/// <summary>An order of one unit each of one or two products, in the order in which the customer named them.</summary>
/// <param name="Id">Its key in both databases.</param>
/// <param name="First">A product.</param>
/// <param name="Second">Another; null if there is only one.</param>
internal sealed record Order(string Id, int First, int? Second)
{
    public IEnumerable<int> Products => Second is { } second ? [First, second] : [First];

    /// <summary>As a saga's input.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id}/{First}/{Second}");

    public static Order Parse(string text)
    {
        var parts = text.Split('/');
        return new Order(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture), parts[2].Length == 0 ? null : int.Parse(parts[2], CultureInfo.InvariantCulture));
    }

    /// <summary>An order of two of the products, any two, as the source draws them.</summary>
    public static Order Draw(string id, Random random, int products, int firstProduct = 1)
    {
        var first = random.Next(products);
        var second = (first + 1 + random.Next(Math.Max(1, products - 1))) % products;
        return new Order(id, firstProduct + first, second == first ? null : firstProduct + second);
    }
}
