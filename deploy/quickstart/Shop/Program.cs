using System.Globalization;
using Coordinator.Client;
using Shop;

// Places orders. Exit status: 0 committed, 1 not committed (the line says why), 2 wrong use.
if (args is not [var coordinator, var inventory, var orders, var product, var quantity, var name])
{
    Console.Error.WriteLine("usage: Shop COORDINATOR_URL INVENTORY_SQL_URL ORDERS_SQL_URL PRODUCT QUANTITY NAME");
    return 2;
}

using var client = CoordinatorClient.Connect(new Uri(coordinator));
var shop = new PlaceOrder(client, new Uri(inventory), new Uri(orders));
try
{
    var id = await shop.RunAsync(product, int.Parse(quantity, CultureInfo.InvariantCulture), name);
    Console.WriteLine($"committed {id}: {quantity} {product}");
    return 0;
}
catch (SqlStatementException refused)
{
    Console.WriteLine($"rolled back {refused.TransactionId}: {refused.Message}");
}
catch (TransactionAbortedException aborted)
{
    Console.WriteLine($"rolled back {aborted.TransactionId}: {aborted.Message}");
}
catch (TransactionInDoubtException inDoubt)
{
    Console.WriteLine($"in doubt {inDoubt.TransactionId}: {inDoubt.Message}");
}
catch (CoordinatorUnavailableException unavailable)
{
    Console.WriteLine($"not begun: {unavailable.Message}");
}

return 1;
