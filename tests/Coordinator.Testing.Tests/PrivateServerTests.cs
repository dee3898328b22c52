namespace Coordinator.Testing.Tests;

public class PrivateServerTests
{
    private const string PreparePostgres = """
        CREATE TABLE item (id int PRIMARY KEY);
        BEGIN; INSERT INTO item VALUES (1); PREPARE TRANSACTION 'branch';
        """;

    private const string PrepareXa = """
        CREATE TABLE item (id int PRIMARY KEY);
        XA START 'branch'; INSERT INTO item VALUES (1); XA END 'branch'; XA PREPARE 'branch';
        """;

    [Fact]
    public Task Kill_PostgresWithPreparedTransaction_Survives() =>
        KillAndFindAsync(DatabaseKind.Postgres, PreparePostgres, "SELECT gid FROM pg_prepared_xacts", "branch");

    [Fact]
    public Task Kill_MariaDbWithPreparedTransaction_Survives() =>
        KillAndFindAsync(DatabaseKind.MariaDb, PrepareXa, "XA RECOVER", "1\t6\t0\tbranch");

    [MySqlFact]
    public Task Kill_MySqlWithPreparedTransaction_Survives() =>
        KillAndFindAsync(DatabaseKind.MySql, PrepareXa, "XA RECOVER", "1\t6\t0\tbranch");

    [Fact]
    public async Task Start_WithOptions_AreTheServersAndStay()
    {
        await using var server = await PrivateServer.StartAsync(DatabaseKind.Postgres, "max_prepared_transactions=0");
        await server.RestartAsync();
        Assert.Equal(["0"], await server.QueryAsync("SHOW max_prepared_transactions"));
        await server.RestartAsync("max_prepared_transactions=7");
        Assert.Equal(["7"], await server.QueryAsync("SHOW max_prepared_transactions"));
    }

    [Fact]
    public async Task Query_FailedStatement_ThrowsWithTheServersMessage()
    {
        var server = await SharedServers.PostgresAsync();
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => server.QueryAsync("SELECT 1/0"));
        Assert.Contains("division by zero", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_TwoOfAKind_TheirOwnIdentitiesDiffer()
    {
        const string identity = "SELECT system_identifier FROM pg_control_system()";
        await using var one = await PrivateServer.StartAsync(DatabaseKind.Postgres);
        await using var other = await PrivateServer.StartAsync(DatabaseKind.Postgres);
        Assert.NotEqual(await one.QueryAsync(identity), await other.QueryAsync(identity));
    }

    [Fact]
    public async Task Pause_QueryUnderWay_AnswersAfterResume()
    {
        await using var server = await PrivateServer.StartAsync(DatabaseKind.MariaDb);
        await server.PauseAsync();
        var answer = server.QueryAsync("SELECT 1");
        // Longer than any answer takes: 300 ms for a query of 20.
        await Assert.ThrowsAsync<TimeoutException>(() => answer.WaitAsync(TimeSpan.FromMilliseconds(300)));
        await server.ResumeAsync();
        Assert.Equal(["1"], await answer);
    }

    [Fact]
    public async Task Parent_Gone_ServerAndFolderGo()
    {
        await using var parent = ProcessHandle.Start("sleep", ["infinity"]);
        var folder = Directory.CreateTempSubdirectory("coordinator-parent-").FullName;
        var script = Path.Combine(Repository.Root, "deploy", "databases", "server.sh");
        await using var start = ProcessHandle.Start("bash", [script, "start", "postgres", folder, "--parent", $"{parent.Id}"]);
        Assert.Equal(0, await start.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        var server = int.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "pid")), null);

        await parent.KillAsync();

        await Eventually.AssertAsync(() => !Directory.Exists(folder), TimeSpan.FromSeconds(15), "the folder is gone");
        Assert.False(IsRunning(server));
    }

    private static async Task KillAndFindAsync(DatabaseKind kind, string prepare, string list, string expected)
    {
        await using var server = await PrivateServer.StartAsync(kind);
        var database = await server.CreateDatabaseAsync();
        await server.QueryAsync(prepare, database);
        var port = server.Port;

        await server.KillAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.QueryAsync("SELECT 1"));
        await server.RestartAsync();

        Assert.Equal(port, server.Port);
        Assert.Equal([expected], await server.QueryAsync(list));
    }

    // A zombie is gone too, where the first process never collects them.
    private static bool IsRunning(int process) =>
        File.Exists($"/proc/{process}/cmdline") && File.ReadAllText($"/proc/{process}/cmdline").Length > 0;
}
