namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>One database's half of a transaction as somebody writes it by hand, on a connection that is kept.</summary>
internal interface IHandBranch : IAsyncDisposable
{
    /// <summary>Begins, changes the product's row, and prepares under the id.</summary>
    Task WorkAndPrepareAsync(string id, int product);

    /// <summary>Commits what was prepared under the id.</summary>
    Task CommitAsync(string id);
}
