using System.Globalization;
using Coordinator.Engine;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Coordinator.Log;

/// <summary>
/// The one connection to a log's file: settings, statements and rows, no meaning. Used by one thread at a time.
/// </summary>
internal sealed class LogDatabase : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly List<SqliteCommand> _commands = [];
    private readonly HotStatement _begin, _commit, _insert;
    private readonly SqliteCommand _byTransaction, _byKey, _before;

    private LogDatabase(string path, SqliteConnection connection)
    {
        Path = path;
        _connection = connection;
        _begin = new HotStatement(connection, "BEGIN IMMEDIATE");
        _commit = new HotStatement(connection, "COMMIT");
        _insert = new HotStatement(
            connection, "INSERT INTO record (position, txid, key, body, chain) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING");
        _byTransaction = Prepare("SELECT position, txid, key, body, chain FROM record WHERE txid = $txid", "$txid");
        _byKey = Prepare("SELECT position, txid, key, body, chain FROM record WHERE key = $key ORDER BY position LIMIT 1", "$key");
        _before = Prepare("SELECT position, txid, key, body, chain FROM record WHERE position < $position ORDER BY position DESC LIMIT 1", "$position");
    }

    public string Path { get; }

    /// <summary>Opens a log's file and checks all of it that is SQLite's; changes nothing.</summary>
    /// <exception cref="LogRefusedException">In use, not a log, of a newer version, or damaged.</exception>
    public static LogDatabase Open(string path, int? maxPages)
    {
        var connection = LogConnection.Open(path);
        try
        {
            // BEFORE the first access to the write-ahead file: its index then stays in memory, and the lock is held from now on.
            LogConnection.Execute(connection, "PRAGMA locking_mode = EXCLUSIVE");
            LogFormat.CheckHeader(connection, path);
            LogConnection.Execute(connection, "PRAGMA synchronous = FULL");
            // Copied back by the writer itself, which sees a failure; SQLite's own turn swallows it.
            LogConnection.Execute(connection, "PRAGMA wal_autocheckpoint = 0");
            LogConnection.Execute(connection, "PRAGMA cell_size_check = ON");
            if (maxPages is not null)
                LogConnection.Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {maxPages.Value}"));
            // After a failed write nothing more is to be written, and a refused log is to stay as it is.
            var result = raw.sqlite3_db_config(connection.Handle, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
            SqliteException.ThrowExceptionForRC(result, connection.Handle);
            LogFormat.CheckContent(connection, path);
            return new LogDatabase(path, connection);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is raw.SQLITE_BUSY or raw.SQLITE_LOCKED)
        {
            connection.Dispose();
            throw new LogRefusedException($"The log {path} is in use by another process.", e) { IsInUse = true };
        }
        catch (SqliteException e) when (e.SqliteErrorCode is raw.SQLITE_NOTADB or raw.SQLITE_CORRUPT)
        {
            connection.Dispose();
            throw new LogRefusedException($"The log {path} is damaged, or no log: {e.Message}", e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes a complete file of its own with the given rows. Nothing is forced: the caller forces the file once it is closed.
    /// </summary>
    public static void Build(string path, IEnumerable<StoredRow> rows, Anchor? anchor)
    {
        DurableFiles.Create(path);
        using var connection = LogConnection.Open(path);
        LogConnection.Execute(connection, "PRAGMA locking_mode = EXCLUSIVE");
        // Only a file that was made with it can give pages back to the disk (Shrink).
        LogConnection.Execute(connection, "PRAGMA auto_vacuum = INCREMENTAL");
        LogConnection.Execute(connection, "PRAGMA journal_mode = OFF");
        LogConnection.Execute(connection, "PRAGMA synchronous = OFF");
        LogConnection.Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {LogSchema.ApplicationId}"));
        LogConnection.Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {LogSchema.Version}"));
        foreach (var statement in LogSchema.Statements)
            LogConnection.Execute(connection, statement);
        using (var database = new LogDatabase(path, connection))
        {
            database.Begin();
            foreach (var row in rows)
                database.Insert(row);
            if (anchor is not null)
                database.SetAnchor(anchor);
            database.Commit();
            LogConnection.Execute(connection, "PRAGMA journal_mode = WAL");
        }
    }

    public void Begin() => _begin.Execute();

    public void Commit() => _commit.Execute();

    /// <summary>Puts a row in; false if a decision stands under its transaction.</summary>
    public bool Insert(StoredRow row)
    {
        Span<byte> chain = stackalloc byte[ChainValue.Size];
        row.Chain.Write(chain);
        _insert.Bind(1, row.Position);
        _insert.Bind(2, row.Transaction);
        _insert.Bind(3, row.Key);
        _insert.Bind(4, row.Body);
        _insert.Bind(5, chain);
        return _insert.Execute() == 1;
    }

    public StoredRow? FindByTransaction(string transaction) => First(_byTransaction, transaction);

    public StoredRow? FindByKey(string key) => First(_byKey, key);

    public StoredRow? FindBefore(long position) => First(_before, position);

    /// <summary>All rows in order, one at a time.</summary>
    public IEnumerable<StoredRow> Rows()
    {
        using var command = Command("SELECT position, txid, key, body, chain FROM record ORDER BY position");
        foreach (var row in Read(command))
            yield return row;
    }

    public Anchor? ReadAnchor()
    {
        using var command = Command("SELECT cut, chain, seal FROM anchor");
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? new Anchor(reader.GetInt64(0), ReadChain(reader, 1, position: 0), ReadChain(reader, 2, position: 0))
            : null;
    }

    public void SetAnchor(Anchor anchor)
    {
        using var command = Command("INSERT OR REPLACE INTO anchor (id, cut, chain, seal) VALUES (1, $cut, $chain, $seal)", "$cut", "$chain", "$seal");
        Bind(command, 0, anchor.Cut);
        Bind(command, 1, anchor.Chain.ToArray());
        Bind(command, 2, anchor.Seal.ToArray());
        command.ExecuteNonQuery();
    }

    public void Delete(IEnumerable<long> positions)
    {
        using var command = Command("DELETE FROM record WHERE position = $position", "$position");
        foreach (var position in positions)
        {
            Bind(command, 0, position);
            command.ExecuteNonQuery();
        }
    }

    public void SetChain(long position, ChainValue chain)
    {
        using var command = Command("UPDATE record SET chain = $chain WHERE position = $position", "$chain", "$position");
        Bind(command, 0, chain.ToArray());
        Bind(command, 1, position);
        command.ExecuteNonQuery();
    }

    /// <summary>Copies the write-ahead file into the log's file and forces it.</summary>
    public void Checkpoint(bool truncate)
    {
        using var command = Command(truncate ? "PRAGMA wal_checkpoint(TRUNCATE)" : "PRAGMA wal_checkpoint(PASSIVE)");
        using var reader = command.ExecuteReader();
        if (!reader.Read() || reader.GetInt64(0) != 0 || reader.GetInt64(1) != reader.GetInt64(2))
            throw new IOException($"The write-ahead file of {Path} could not be copied back.");
    }

    /// <summary>The pages of the file, and how many of them hold nothing any more.</summary>
    public (long Pages, long Free) CountPages() =>
        ((long)LogConnection.Scalar(_connection, "PRAGMA page_count")!, (long)LogConnection.Scalar(_connection, "PRAGMA freelist_count")!);

    /// <summary>Cuts free pages off the file, moving what lies behind them; durable, and only on disk after a checkpoint.</summary>
    public void Shrink(int pages)
    {
        using var command = Command(string.Create(CultureInfo.InvariantCulture, $"PRAGMA incremental_vacuum({pages})"));
        using var reader = command.ExecuteReader();
        // A page a row: whoever does not read them all cuts off one.
        while (reader.Read())
        {
        }
    }

    /// <summary>A copy in progress; it takes in what is written meanwhile. The caller steps and finishes it.</summary>
    public sqlite3_backup BeginBackup(SqliteConnection destination) =>
        raw.sqlite3_backup_init(destination.Handle, "main", _connection.Handle, "main");

    public void Dispose()
    {
        foreach (var command in _commands)
            command.Dispose();
        _begin.Dispose();
        _commit.Dispose();
        _insert.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Prepare(string statement, params ReadOnlySpan<string> parameters)
    {
        var command = Command(statement, parameters);
        _commands.Add(command);
        command.Prepare();
        return command;
    }

    private SqliteCommand Command(string statement, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = statement;
#pragma warning restore CA2100
        foreach (var name in parameters)
            command.Parameters.Add(new SqliteParameter { ParameterName = name, Value = DBNull.Value });
        return command;
    }

    private static void Bind(SqliteCommand command, int index, object? value) => command.Parameters[index].Value = value ?? DBNull.Value;

    private static StoredRow? First(SqliteCommand command, object value)
    {
        Bind(command, 0, value);
        return Read(command).FirstOrDefault();
    }

    private static IEnumerable<StoredRow> Read(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var position = reader.GetInt64(0);
            yield return new StoredRow(
                position,
                reader.IsDBNull(1) ? null : reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetString(2),
                reader.IsDBNull(3) ? [] : reader.GetFieldValue<byte[]>(3),
                ReadChain(reader, 4, position));
        }
    }

    private static ChainValue ReadChain(SqliteDataReader reader, int column, long position)
    {
        if (!reader.IsDBNull(column) && reader.GetFieldValue<byte[]>(column) is { Length: ChainValue.Size } bytes)
            return ChainValue.Read(bytes);
        throw new LogRefusedException($"Record {position} of the log is damaged: its checksum has not {ChainValue.Size} bytes.");
    }
}
