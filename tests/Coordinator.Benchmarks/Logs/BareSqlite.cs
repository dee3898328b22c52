using System.Diagnostics;
using System.Security.Cryptography;
using Coordinator.Benchmarks.Measuring;
using Microsoft.Data.Sqlite;

namespace Coordinator.Benchmarks.Logs;

/// <summary>
/// What SQLite itself can do: one thread that writes batch after batch into the same tables, with the same settings, and
/// nothing else. No queue, nobody who waits for an answer, no checksum, no high-water mark.
/// </summary>
internal sealed class BareSqlite : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _begin, _insert, _commit;
    private readonly byte[] _body;
    private readonly byte[] _chain = new byte[16];
    private readonly LogSubject _subject = new();
    private long _position;

    /// <param name="path">A file of its own.</param>
    /// <param name="bodySize">As many bytes as the log's records have.</param>
    public BareSqlite(string path, int bodySize)
    {
        _body = RandomNumberGenerator.GetBytes(bodySize);
        _connection = new SqliteConnection($"Data Source={path};Pooling=false");
        _connection.Open();
        foreach (var statement in (string[])[
            "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
            "PRAGMA wal_autocheckpoint = 1000", "PRAGMA cell_size_check = ON",
            "CREATE TABLE record (position INTEGER PRIMARY KEY, txid TEXT, key TEXT, body BLOB NOT NULL, chain BLOB NOT NULL)",
            "CREATE UNIQUE INDEX record_txid ON record (txid) WHERE txid IS NOT NULL",
            "CREATE INDEX record_key ON record (key) WHERE key IS NOT NULL"])
        {
            using var command = Command(statement);
            command.ExecuteNonQuery();
        }

        _begin = Command("BEGIN IMMEDIATE");
        _insert = Command("INSERT INTO record (position, txid, key, body, chain) VALUES ($position, $txid, $key, $body, $chain) ON CONFLICT DO NOTHING");
        foreach (var name in (string[])["$position", "$txid", "$key", "$body", "$chain"])
            _insert.Parameters.Add(new SqliteParameter { ParameterName = name, Value = DBNull.Value });
        _commit = Command("COMMIT");
    }

    /// <summary>Writes for a time, in batches of a mean size; the latency is that of a batch.</summary>
    public Slice Run(double batch, TimeSpan length)
    {
        var latencies = new List<long>();
        var cpu = MeasuredProcess.Own.ReadMicroseconds();
        var started = Stopwatch.GetTimestamp();
        var (rows, wanted) = (0, 0.0);
        while (Stopwatch.GetElapsedTime(started) < length)
        {
            // A mean between two whole numbers: now the one, now the other.
            wanted += batch;
            var count = Math.Max(1, (int)(wanted - rows));
            var begun = Stopwatch.GetTimestamp();
            Write(count);
            latencies.Add(Stopwatch.GetTimestamp() - begun);
            rows += count;
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        cpu = MeasuredProcess.Own.ReadMicroseconds() - cpu;
        var sorted = latencies.Order().ToArray();
        return new Slice(
            rows, elapsed, Slice.Quantile(sorted, 0.5), Slice.Quantile(sorted, 0.99),
            new Dictionary<string, double> { [MeasuredProcess.Own.Name] = cpu },
            new LogCounts(rows, sorted.Length, (long)rows * _body.Length, MarkForces: 0, Checkpoints: 0));
    }

    /// <summary>Writes so many rows, that nobody measures.</summary>
    public void WarmUp(int rows, int batch)
    {
        for (var written = 0; written < rows; written += batch)
            Write(batch);
    }

    public void Dispose()
    {
        foreach (var command in (SqliteCommand[])[_begin, _insert, _commit])
            command.Dispose();
        _connection.Dispose();
    }

    private void Write(int count)
    {
        _begin.ExecuteNonQuery();
        for (var i = 0; i < count; i++)
        {
            _insert.Parameters[0].Value = ++_position;
            _insert.Parameters[1].Value = _subject.NextId().Value;
            _insert.Parameters[3].Value = _body;
            _insert.Parameters[4].Value = _chain;
            _insert.ExecuteNonQuery();
        }

        _commit.ExecuteNonQuery();
    }

    private SqliteCommand Command(string text)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = text;
#pragma warning restore CA2100
        return command;
    }
}
