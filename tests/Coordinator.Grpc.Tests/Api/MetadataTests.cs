using Grpc.Core;

namespace Coordinator.Grpc.Tests.Api;

public class MetadataTests
{
    [Fact]
    public void Entry_UpperCaseKey_IsLowered() =>
        Assert.Equal("x-trace.id_1", new Metadata.Entry("X-Trace.Id_1", "v").Key);

    [Theory]
    [InlineData("with space")]
    [InlineData("colon:")]
    [InlineData("ünicode")]
    [InlineData("line\nbreak")]
    public void Entry_KeyWithOtherCharacters_Throws(string key) =>
        Assert.Throws<ArgumentException>(() => new Metadata.Entry(key, "v"));

    [Fact]
    public void Entry_NullKey_Throws() => Assert.Throws<ArgumentNullException>(() => new Metadata.Entry(null!, "v"));

    [Fact]
    public void Entry_NullValue_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("key", (string)null!));
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("key-bin", (byte[])null!));
    }

    [Fact]
    public void Entry_TextUnderBinaryKey_Throws() =>
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("key-BIN", "v"));

    [Fact]
    public void Entry_BytesUnderTextKey_Throws() =>
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("key", new byte[] { 1 }));

    [Fact]
    public void Entry_Text_ReadsAsTextAndAsAsciiBytes()
    {
        var entry = new Metadata.Entry("key", "Az");

        Assert.False(entry.IsBinary);
        Assert.Equal("Az", entry.Value);
        Assert.Equal([65, 122], entry.ValueBytes);
        Assert.Equal("[Entry: key=key, value=Az]", entry.ToString());
    }

    [Fact]
    public void Entry_Bytes_AreCopiedInAndOutAndAreNoText()
    {
        byte[] source = [1, 2];
        var entry = new Metadata.Entry("key-bin", source);
        source[0] = 9;
        entry.ValueBytes[1] = 9;

        Assert.True(entry.IsBinary);
        Assert.Equal([1, 2], entry.ValueBytes);
        Assert.Throws<InvalidOperationException>(() => entry.Value);
    }

    [Fact]
    public void Get_SeveralEntries_ReturnsTheLastInAnyCase()
    {
        var metadata = new Metadata { { "key", "first" }, { "other", "x" }, { "KEY", "last" } };

        Assert.Equal("last", metadata.GetValue("Key"));
        Assert.Equal("last"u8.ToArray(), metadata.GetValueBytes("key"));
        Assert.Equal(["first", "last"], metadata.GetAll("kEy").Select(entry => entry.Value));
        Assert.Null(metadata.Get("absent"));
        Assert.Null(metadata.GetValue("absent"));
        Assert.Null(metadata.GetValueBytes("absent"));
        Assert.Empty(metadata.GetAll("absent"));
    }

    [Fact]
    public void List_Operations_KeepOrder()
    {
        var b = new Metadata.Entry("b", "2");
        var metadata = new Metadata { { "a", "1" }, b };
        metadata.Insert(0, new Metadata.Entry("first", "0"));
        metadata[1] = new Metadata.Entry("c", "3");

        Assert.Equal(["first", "c", "b"], metadata.Select(entry => entry.Key));
        Assert.Equal(2, metadata.IndexOf(b));
        Assert.True(metadata.Remove(b));
        Assert.DoesNotContain(b, metadata);
        metadata.RemoveAt(0);
        Assert.Single(metadata);
        metadata.Clear();
        Assert.Empty(metadata);
    }

    [Fact]
    public void Add_NullEntry_Throws() =>
        Assert.Throws<ArgumentNullException>(() => new Metadata().Add((Metadata.Entry)null!));

    [Fact]
    public void Empty_AnyChange_Throws()
    {
        var entry = new Metadata.Entry("key", "v");

        Assert.True(Metadata.Empty.IsReadOnly);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add(entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Insert(0, entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Remove(entry));
        Assert.Throws<InvalidOperationException>(Metadata.Empty.Clear);
        Assert.Empty(Metadata.Empty);
    }
}
