using System.Text;

namespace Coordinator.Torture.Clients;

/// <summary>What the clients have reported of one transaction, put together.</summary>
internal sealed class TransactionRecord(ReportEntry begun)
{
    public string Transaction => begun.Transaction;

    public Purpose Purpose => begun.Purpose;

    public int Touches => begun.Touches;

    public DateTimeOffset BegunAt => begun.At;

    /// <summary>Commit was asked for, or was about to be.</summary>
    public bool Asked { get; set; }

    /// <summary>It was in doubt for a time.</summary>
    public bool WasInDoubt { get; set; }

    /// <summary>The last word; null if the client was killed before.</summary>
    public Said? Told { get; set; }

    /// <summary>What an audit added up.</summary>
    public long Total { get; set; }

    /// <summary>All that was said, in order.</summary>
    public List<ReportEntry> Entries { get; } = [begun];

    /// <summary>True once it has been compared with the ledgers at rest.</summary>
    public bool Checked { get; set; }
}

/// <summary>Reads the reports of all clients as they grow, and lets others wait for what they tell.</summary>
internal sealed class Journal : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, TransactionRecord> _records = [];
    private readonly List<Reader> _readers = [];
    private readonly List<Expectation> _expectations = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    public Journal() => _reading = Task.Run(ReadOnAsync);

    /// <summary>Everything that was reported so far.</summary>
    public IReadOnlyList<TransactionRecord> Records
    {
        get
        {
            lock (_lock)
                return [.. _records.Values];
        }
    }

    /// <summary>Acknowledged commits so far.</summary>
    public int Committed { get; private set; }

    /// <summary>Ends without a commit that clients were told so far.</summary>
    public int NotCommitted { get; private set; }

    /// <summary>Reads a report from its beginning on.</summary>
    public void Follow(string path)
    {
        lock (_lock)
            _readers.Add(new Reader(path));
    }

    /// <summary>Reads a report of a client that is gone to its end, and forgets it.</summary>
    public void Close(string path)
    {
        lock (_lock)
        {
            var reader = _readers.Single(reader => reader.Path == path);
            Take(reader);
            _readers.Remove(reader);
            reader.Dispose();
        }
    }

    /// <summary>Reads what is there now.</summary>
    public void ReadNow()
    {
        lock (_lock)
        {
            foreach (var reader in _readers)
                Take(reader);
        }
    }

    /// <summary>Waits until a client reports so many commits of transactions that began after a moment.</summary>
    /// <param name="since">Begun later.</param>
    /// <param name="touches">They touch one of these databases; 0: any.</param>
    /// <param name="count">How many.</param>
    /// <param name="report">Only this client's; null: any.</param>
    /// <returns>When the last of them was acknowledged.</returns>
    public Task<DateTimeOffset> CommitsAsync(DateTimeOffset since, int touches, int count, string? report = null)
    {
        var expectation = new Expectation(since, touches, report) { Missing = count };
        lock (_lock)
            _expectations.Add(expectation);
        return expectation.Done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        foreach (var reader in _readers)
            reader.Dispose();
        _stop.Dispose();
    }

    private async Task ReadOnAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            ReadNow();
            await Task.Delay(Interval);
        }
    }

    private void Take(Reader reader)
    {
        foreach (var line in reader.ReadLines())
            Take(reader, ReportEntry.Parse(line));
    }

    private void Take(Reader reader, ReportEntry entry)
    {
        if (entry.Said == Said.Begun)
        {
            _records.Add(entry.Transaction, new TransactionRecord(entry));
            return;
        }

        var record = _records[entry.Transaction];
        record.Entries.Add(entry);
        record.Total = entry.Total;
        if (entry.Said == Said.Asked)
        {
            record.Asked = true;
            return;
        }

        record.WasInDoubt |= entry.Said == Said.InDoubt;
        record.Told = entry.Said;
        if (entry.Said == Said.NotCommitted)
            NotCommitted++;
        if (entry.Said != Said.Committed)
            return;
        Committed++;
        foreach (var met in _expectations.Where(expectation => expectation.IsMetBy(record, entry, reader.Path)).ToArray())
            _expectations.Remove(met);
    }

    private sealed class Expectation(DateTimeOffset since, int touches, string? report)
    {
        public int Missing { get; set; }

        public TaskCompletionSource<DateTimeOffset> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsMetBy(TransactionRecord record, ReportEntry entry, string path)
        {
            var counts = record.BegunAt >= since
                && (touches == 0 || (record.Touches & touches) != 0)
                && (report is null || report == path);
            return counts && --Missing == 0 && Done.TrySetResult(entry.At);
        }
    }

    private sealed class Reader(string path) : IDisposable
    {
        private readonly FileStream _file = new(path, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
        private readonly StringBuilder _rest = new();

        public string Path => path;

        /// <summary>The lines that have become whole since the last time.</summary>
        public List<string> ReadLines()
        {
            var lines = new List<string>();
            for (int next; (next = _file.ReadByte()) >= 0;)
            {
                if (next != '\n')
                {
                    _rest.Append((char)next);
                    continue;
                }

                lines.Add(_rest.ToString());
                _rest.Clear();
            }

            return lines;
        }

        public void Dispose() => _file.Dispose();
    }
}
