using Grpc.Core;

namespace Coordinator.Grpc.Tests.Api;

public class StreamTests
{
    [Fact]
    public async Task ReadAllAsync_ToTheEnd_GivesEveryMessage()
    {
        var read = new List<string>();
        await foreach (string message in new Reader("a", "b").ReadAllAsync())
            read.Add(message);

        Assert.Equal(["a", "b"], read);
    }

    [Fact]
    public async Task ReadAllAsync_EnumeratorsToken_ReachesTheReader()
    {
        using var source = new CancellationTokenSource();
        var reader = new Reader("a");
        await foreach (string _ in reader.ReadAllAsync().WithCancellation(source.Token))
            Assert.Equal(source.Token, reader.LastToken);

        Assert.True(await new Reader("a").MoveNext());
    }

    [Fact]
    public async Task WriteAsync_WriterWithoutTokens_AcceptsOnlyTheEmptyOne()
    {
        using var source = new CancellationTokenSource();
        IAsyncStreamWriter<string> writer = new Writer();
        await writer.WriteAsync("a", CancellationToken.None);

        await Assert.ThrowsAsync<NotSupportedException>(() => writer.WriteAsync("b", source.Token));
        Assert.Equal(["a"], ((Writer)writer).Written);
    }

    private sealed class Reader(params string[] messages) : IAsyncStreamReader<string>
    {
        private int _index = -1;

        public string Current => messages[_index];

        internal CancellationToken LastToken { get; private set; }

        public Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            LastToken = cancellationToken;
            return Task.FromResult(++_index < messages.Length);
        }
    }

    private sealed class Writer : IAsyncStreamWriter<string>
    {
        public WriteOptions? WriteOptions { get; set; }

        internal List<string> Written { get; } = [];

        public Task WriteAsync(string message)
        {
            Written.Add(message);
            return Task.CompletedTask;
        }
    }
}
