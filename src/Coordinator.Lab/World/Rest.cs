using System.Data.Common;
using System.Diagnostics;
using System.Globalization;

namespace Coordinator.Lab.World;

/// <summary>Looks at both databases from outside: what is prepared there, and who waits for a row.</summary>
internal sealed class Rest : IAsyncDisposable
{
    private readonly DbConnection _orders, _inventory;

    private Rest(DbConnection orders, DbConnection inventory) => (_orders, _inventory) = (orders, inventory);

    public static async Task<Rest> OpenAsync(Shop shop) => new(await shop.OpenOrdersAsync(), await shop.OpenInventoryAsync());

    /// <summary>Prepared branches of the shop's PostgreSQL server and of its MariaDB server.</summary>
    public async Task<(int Postgres, int MariaDb)> PreparedAsync() =>
    (
        (int)await Sql.NumberAsync(_orders, "SELECT COUNT(*) FROM pg_prepared_xacts"),
        (await Sql.TextsAsync(_inventory, "XA RECOVER")).Count);

    /// <summary>The ids of all prepared branches, as the servers list them.</summary>
    public async Task<HashSet<string>> PreparedIdsAsync() =>
    [
        .. (await Sql.TextsAsync(_orders, "SELECT gid FROM pg_prepared_xacts")).Select(id => "postgres " + id),
        .. (await Sql.TextsAsync(_inventory, "XA RECOVER", column: 3)).Select(id => "mariadb " + id),
    ];

    /// <summary>The present time by each server's clock.</summary>
    public async Task<(string Postgres, string MariaDb)> NowAsync() =>
        ((await Sql.TextsAsync(_orders, "SELECT now()::text"))[0], (await Sql.TextsAsync(_inventory, "SELECT CAST(NOW() AS CHAR)"))[0]);

    /// <summary>Transactions that began by then and hold locks still: at work in a session, or prepared.</summary>
    public async Task<long> OpenSinceAsync((string Postgres, string MariaDb) moment) =>
        await Sql.NumberAsync(
            _orders,
            "SELECT (SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start <= @p0::timestamptz) "
            + "+ (SELECT COUNT(*) FROM pg_prepared_xacts WHERE prepared <= @p0::timestamptz)",
            moment.Postgres)
        + await Sql.NumberAsync(_inventory, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_started <= @p0", moment.MariaDb);

    /// <summary>The products up to a number whose counter rows somebody has locked at this moment, in each database.</summary>
    public async Task<(IReadOnlyList<int> Postgres, IReadOnlyList<int> MariaDb)> LockedRowsAsync(int products) =>
        (await LockedAsync(_orders, "SELECT product FROM sales FOR UPDATE SKIP LOCKED", products), await LockedAsync(_inventory, "SELECT product FROM stock FOR UPDATE SKIP LOCKED", products));

    // Who skips locked rows misses them.
    private static async Task<IReadOnlyList<int>> LockedAsync(DbConnection connection, string free, int products)
    {
        var found = (await Sql.TextsAsync(connection, free)).Select(text => int.Parse(text, CultureInfo.InvariantCulture));
        return [.. Enumerable.Range(1, products).Except(found)];
    }

    /// <summary>Orders that others can see in one database and not in the other, by plain reads.</summary>
    public async Task<HashSet<string>> HalfDoneAsync()
    {
        var reserved = await Sql.TextsAsync(_inventory, "SELECT id FROM reservation");
        var half = (await Sql.TextsAsync(_orders, "SELECT id FROM orders")).ToHashSet();
        half.SymmetricExceptWith(reserved);
        return half;
    }

    /// <summary>Orders that stand in both databases, or in inventory at least.</summary>
    public Task<long> ReservationsAsync() => Sql.NumberAsync(_inventory, "SELECT COUNT(*) FROM reservation");

    /// <summary>Sessions that wait for a row at this moment, in both servers.</summary>
    public async Task<int> WaitingAsync() => (int)(
        await Sql.NumberAsync(_orders, "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        + await Sql.NumberAsync(_inventory, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"));

    /// <summary>Returns once nothing is prepared in either.</summary>
    /// <exception cref="TimeoutException">Something still is after the limit.</exception>
    public async Task WhenNothingIsPreparedAsync(TimeSpan limit)
    {
        var started = Stopwatch.GetTimestamp();
        while (await PreparedAsync() is var prepared && prepared is not (0, 0))
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
                throw new TimeoutException($"After {limit.TotalSeconds:0} s {prepared.Postgres} branches are still prepared in PostgreSQL and {prepared.MariaDb} in MariaDB.");
            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _orders.DisposeAsync();
        await _inventory.DisposeAsync();
    }
}
