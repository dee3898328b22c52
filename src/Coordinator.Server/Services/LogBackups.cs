using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Coordinator.Log;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Server;

/// <summary>Sends copies of the embedded log, one at a time: each takes as much room beside the log as the log itself.</summary>
internal sealed class LogBackups(TransactionCoordinator coordinator, ITransactionLog log)
{
    private const int PartBytes = 64 * 1024;
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(30);
    private int _isSending;

    public async Task SendAsync(IServerStreamWriter<BackupLogResponse> parts, CancellationToken cancellationToken)
    {
        if (log is not SqliteTransactionLog embedded)
        {
            throw new RefusedException(
                RefusalKind.FailedPrecondition, Reasons.WrongState, "This coordinator has no embedded log; its store has backups of its own.");
        }

        if (Interlocked.Exchange(ref _isSending, 1) == 1)
            throw new RefusedException(RefusalKind.ResourceExhausted, Reasons.Overloaded, "Another backup of the log is being sent; one at a time.");
        try
        {
            await SendAsync(embedded, parts, cancellationToken);
        }
        catch (IOException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RefusedException(RefusalKind.ResourceExhausted, Reasons.Overloaded, $"The log could not be copied: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RefusedException(
                RefusalKind.ResourceExhausted, Reasons.Overloaded, $"The backup was given up: nothing of it was read for {StallLimit.TotalSeconds} s.");
        }
        finally
        {
            Volatile.Write(ref _isSending, 0);
        }
    }

    private async Task SendAsync(SqliteTransactionLog embedded, IServerStreamWriter<BackupLogResponse> parts, CancellationToken cancellationToken)
    {
        var (copy, end) = await embedded.SnapshotAsync(cancellationToken);
        await using var _ = copy;
        // A reader that is gone without a word must not keep others from their backups.
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stalled.CancelAfter(StallLimit);
        await parts.WriteAsync(
            new BackupLogResponse { Header = new BackupLogHeader { Cluster = coordinator.Cluster.Value, End = end, SizeBytes = copy.Length } },
            stalled.Token);
        var buffer = new byte[PartBytes];
        while (await copy.ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            stalled.CancelAfter(StallLimit);
            await parts.WriteAsync(new BackupLogResponse { Data = ByteString.CopyFrom(buffer, 0, read) }, stalled.Token);
        }
    }
}
