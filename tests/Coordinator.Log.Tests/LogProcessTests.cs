using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace Coordinator.Log.Tests;

/// <summary>A log that another process has open, or had open when it was killed.</summary>
public sealed class LogProcessTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Delete();

    /// <summary>Fault: kill -9 while eight writers decide. Expected: every decision that was acknowledged is there (R1).</summary>
    [Fact]
    public async Task R1_Kill_AgainAndAgain_NoAcknowledgedDecisionIsMissing()
    {
        var acknowledged = new List<TransactionId>();
        for (var round = 1; round <= 4; round++)
        {
            using (var writer = StartWriter())
            {
                var enough = 400 * round;
                // What it printed before it died counts, so its output is read to the end.
                while (await writer.StandardOutput.ReadLineAsync() is { } line)
                {
                    if (TransactionId.TryParse(line, out var id))
                        acknowledged.Add(id);
                    if (--enough == 0)
                        writer.Kill();
                }

                await writer.WaitForExitAsync();
            }

            await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log });
            var opened = await log.OpenAsync(new SeededIds(round));
            Assert.Equal(2 * round, opened.Epoch.Number);
            foreach (var id in acknowledged)
                Assert.NotNull(await log.FindDecisionAsync(id));
        }

        Assert.True(acknowledged.Count >= 4000);
    }

    [Fact]
    public async Task Open_InUseByAnotherProcess_IsRefusedAndDoesNotDisturbIt()
    {
        using var writer = StartWriter();
        Assert.NotNull(await writer.StandardOutput.ReadLineAsync());
        for (var i = 0; i < 5; i++)
        {
            await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log });
            var refused = await Assert.ThrowsAsync<LogRefusedException>(() => log.OpenAsync(new SeededIds(1)));
            Assert.Contains($"{_folder.Log} is in use by another process", refused.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<LogRefusedException>(() => LogInspector.VerifyAsync(_folder.Log));
            Assert.NotNull(await writer.StandardOutput.ReadLineAsync());
        }

        writer.Kill();
        await writer.WaitForExitAsync();
    }

    [Fact]
    public async Task Open_HeldByAForeignTool_IsRefused()
    {
        await using (var log = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log }))
            await log.OpenAsync(new SeededIds(1));
        using var connection = LogConnection.Open(_folder.Log);
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE";
        command.ExecuteNonQuery();

        await using var second = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log });
        var refused = await Assert.ThrowsAsync<LogRefusedException>(() => second.OpenAsync(new SeededIds(1)));
        Assert.Contains("in use by another process", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Fault: somebody works on the file with another program while the log is open. Expected: it is locked out.</summary>
    [Fact]
    public async Task Write_ByAForeignToolWhileOpen_IsLockedOut()
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log });
        await log.OpenAsync(new SeededIds(1));
        using var connection = LogConnection.Open(_folder.Log);
        using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM record";

        Assert.Equal(SQLitePCL.raw.SQLITE_BUSY, Assert.Throws<SqliteException>(() => command.ExecuteNonQuery()).SqliteErrorCode);
    }

    private Process StartWriter()
    {
        var dll = Path.Combine(AppContext.BaseDirectory, "Coordinator.Log.CrashWriter.dll");
        return Process.Start(new ProcessStartInfo("dotnet", ["exec", dll, _folder.Log]) { RedirectStandardOutput = true })!;
    }
}
