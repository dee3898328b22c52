using System.Collections.Concurrent;
using System.Data.Common;
using Coordinator.ResourceManagers.MySql;

namespace Coordinator.ResourceManagers;

/// <summary>
/// The XA branches of MariaDB and MySQL, told apart at attach. MariaDB's are finished on the session that prepared them,
/// which this process holds until then; MySQL's on any. See the README beside this for rights and settings.
/// </summary>
public sealed class MySqlResourceManager : IResourceManager
{
    private readonly MySqlOptions _options;
    private readonly Sessions _sessions;
    private readonly ConcurrentDictionary<BranchId, BranchSession> _held = new();
    private Flavor? _flavor;

    public MySqlResourceManager(MySqlOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _sessions = new Sessions(options, time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public ResourceKind Kind => Flavor.Kind;

    internal Flavor Flavor => _flavor ?? throw new InvalidOperationException("Which server it is, is known only once it was attached to.");

    public Task<ResourceAttachment> AttachAsync(CancellationToken cancellationToken) => _sessions.RunAsync(
        async session =>
        {
            (_flavor, var attachment) = await Attachment.AttachAsync(session, _options, cancellationToken);
            return attachment;
        },
        cancellationToken);

    public async Task<IBranchSession> BeginAsync(BranchId branch, BranchOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(branch);
        ArgumentNullException.ThrowIfNull(options);
        // Not attached yet: found out before a session is taken.
        _ = Flavor;
        var (session, isFresh) = await _sessions.Work.RentAsync(fresh: false, cancellationToken);
        if (isFresh || _sessions.Time.GetElapsedTime(session.ReturnedAt) < _options.FreshFor)
            return new BranchSession(this, _sessions, session, branch, options);
        try
        {
            return await BranchSession.BeginAsync(this, _sessions, session, branch, options, cancellationToken);
        }
        catch (DbException failure) when (!session.IsUsable && ErrorClassifier.Classify(failure).Answer == Answer.Unknown)
        {
            // An unused session that the server had ended meanwhile: nothing began on it.
            (session, _) = await _sessions.Work.RentAsync(fresh: true, cancellationToken);
            return new BranchSession(this, _sessions, session, branch, options);
        }
    }

    public async Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(branch);
        if (_held.TryGetValue(branch, out var holder) && await holder.FinishHeldAsync(commit: true, cancellationToken) is { } report)
            return report;
        var finisher = new Finisher(_sessions, Flavor);
        return await _sessions.RunAsync(session => finisher.CommitAsync(session, branch, evidence, cancellationToken), cancellationToken);
    }

    public async Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(branch);
        if (_held.TryGetValue(branch, out var holder) && await holder.FinishHeldAsync(commit: false, cancellationToken) is { } report)
            return report;
        var finisher = new Finisher(_sessions, Flavor);
        return await _sessions.RunAsync(session => finisher.RollbackAsync(session, branch, evidence, cancellationToken), cancellationToken);
    }

    public async Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(branch);
        var finisher = new Finisher(_sessions, Flavor);
        var parsed = Evidence.TryParse(evidence, out var given) ? given : null;
        return await _sessions.RunAsync(
            session => finisher.FindOutcomeAsync(session, branch, parsed, detail: null, cancellationToken), cancellationToken);
    }

    public Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken) => _sessions.RunAsync(
        session => PreparedScanReader.ReadAsync(session, Flavor, _options.Phase2Timeout, cancellationToken), cancellationToken);

    public Task<string> GetServerStartAsync(CancellationToken cancellationToken) => _sessions.RunAsync(
        async session => ServerStart.Read(await session.QueryAsync(ServerStart.Query, _options.Phase2Timeout, cancellationToken)),
        cancellationToken);

    public Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mark);
        return _sessions.RunAsync(
            session => session.QueryAsync(Marks.Upsert(mark), _options.Phase2Timeout, cancellationToken), cancellationToken);
    }

    public Task TrimAsync(TimeSpan olderThan, CancellationToken cancellationToken) => _sessions.RunAsync(
        async session =>
        {
            await WitnessTrim.RunAsync(session, olderThan, _options, cancellationToken);
            return true;
        },
        cancellationToken);

    /// <summary>Disconnects. What is prepared stays so, and is finished by whoever attaches next.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var held in _held.Values)
            await held.LetGoAsync();
        await _sessions.DisposeAsync();
    }

    internal void Hold(BranchSession session) => _held[session.Id] = session;

    internal void Release(BranchSession session) => _held.TryRemove(new KeyValuePair<BranchId, BranchSession>(session.Id, session));
}
