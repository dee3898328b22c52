using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Coordinator.Engine;
using Coordinator.Initiation;
using Coordinator.Log;
using Coordinator.Participant;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Embedded;

/// <summary>
/// The coordinator in the application's own process: the same engine and log as the service's, and no gRPC. One process
/// at a time has the log; when it is down, what it left prepared waits for it.
/// <code>
/// await using var coordinator = await EmbeddedCoordinator.StartAsync(new SqliteLogOptions { Path = "coordinator.db" });
/// var stock = await coordinator.AttachAsync("stock", new PostgresResourceManager(…));
/// await using var transaction = await coordinator.BeginAsync();
/// </code>
/// </summary>
public sealed class EmbeddedCoordinator : IAsyncDisposable
{
    private readonly TransactionInitiator _initiator;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly Lock _sync = new();
    private readonly List<EmbeddedParticipant> _participants = [];
    private bool _disposed;

    private EmbeddedCoordinator(
        TransactionCoordinator engine, SqliteTransactionLog log, TransactionInitiator initiator, TimeProvider time, ILoggerFactory loggers)
    {
        (Engine, Log, _initiator, _time, _loggers) = (engine, log, initiator, time, loggers);
    }

    /// <summary>The engine: status, and what operators see and settle.</summary>
    public TransactionCoordinator Engine { get; }

    /// <summary>The log: its counters, and copies of it.</summary>
    public SqliteTransactionLog Log { get; }

    /// <summary>Opens the log, and takes up what an earlier start decided and did not deliver.</summary>
    /// <param name="log">Where the log lies, and its limits.</param>
    /// <param name="options">The engine's limits and times; null: the defaults.</param>
    /// <param name="initiator">Limits and times of its transactions; null: the defaults.</param>
    /// <param name="time">All waiting; null: the system's.</param>
    /// <param name="loggers">Null: none.</param>
    /// <param name="meters">The application's; null: the meters are the coordinator's own.</param>
    /// <exception cref="LogRefusedException">The log is in use, damaged, or of a newer version.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "The engine owns the log, the initiator its last agent.")]
    public static async Task<EmbeddedCoordinator> StartAsync(
        SqliteLogOptions log,
        EngineOptions? options = null,
        InitiatorOptions? initiator = null,
        TimeProvider? time = null,
        ILoggerFactory? loggers = null,
        IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(log);
        initiator ??= new InitiatorOptions();
        initiator.Validate();
        time ??= TimeProvider.System;
        loggers ??= NullLoggerFactory.Instance;
        var opened = new SqliteTransactionLog(log, time, loggers.CreateLogger<SqliteTransactionLog>(), meters);
        var engine = new TransactionCoordinator(
            opened,
            options ?? new EngineOptions(), time, new RandomIdSource(), loggers.CreateLogger<TransactionCoordinator>(), meters);
        try
        {
            await engine.StartAsync();
            return new EmbeddedCoordinator(
                engine, opened, new TransactionInitiator(new EngineLastAgent(engine, initiator, time), initiator, time, loggers), time, loggers);
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Takes a database in under a name. What an earlier start left prepared there is settled in the background.
    /// </summary>
    /// <param name="name">1 to 40 characters of [a-z0-9-], starting with a letter; always the same for the same database.</param>
    /// <param name="resources">Owned by the participant from here on.</param>
    /// <param name="options">Limits and times; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    /// <exception cref="ResourceRefusedException">The database lacks a setting or a right; the message says what to do.</exception>
    /// <exception cref="RefusedException">The name stands for another database.</exception>
    public async Task<ICoordinatorParticipant> AttachAsync(
        string name, IResourceManager resources, ParticipantOptions? options = null, CancellationToken cancellationToken = default)
    {
        var participant = await EmbeddedParticipant.AttachAsync(
            name, resources, Engine, options ?? new ParticipantOptions(), _time, _loggers.CreateLogger("Coordinator.Participant"), cancellationToken);
        lock (_sync)
            _participants.Add(participant);
        return participant;
    }

    /// <summary>Begins a transaction; nothing is written.</summary>
    /// <exception cref="Client.CoordinatorUnavailableException">Stopping, or the log does not answer.</exception>
    public Task<InitiatedTransaction> BeginAsync(Client.BeginOptions? options = null, CancellationToken cancellationToken = default) =>
        _initiator.BeginAsync(options, cancellationToken);

    /// <summary>Waits for what has begun to commit, within the drain limit, and closes the log. The rest stays in it.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_sync)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        await Engine.DrainAsync();
        await _initiator.DisposeAsync();
        List<EmbeddedParticipant> participants;
        lock (_sync)
            participants = [.. _participants];
        foreach (var participant in participants)
            await participant.DisposeAsync();
        await Engine.DisposeAsync();
    }
}
