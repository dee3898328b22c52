namespace Coordinator.Abstractions.Tests;

/// <summary>The id grammar is what keeps hostile text out of SQL: everything outside it must be refused as a whole.</summary>
public class IdTests
{
    private const string Good = "k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef";

    [Fact]
    public void Create_ThenParse_GivesTheSameId()
    {
        var created = TransactionId.Create(ClusterId.FromRandom(ulong.MaxValue), new Epoch(12, 0x9f8e7d6c), 45, 0x0123456789abcdef);

        var parsed = TransactionId.Parse(created.Value);

        Assert.Equal(created, parsed);
        Assert.Equal(created.Cluster, parsed.Cluster);
        Assert.Equal(12, parsed.Epoch.Number);
        Assert.Equal(0x9f8e7d6cu, parsed.Epoch.Nonce);
        Assert.Equal(45, parsed.Sequence);
        Assert.EndsWith("-45-0123456789abcdef", created.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_LargestParts_FitsXaLimits()
    {
        var id = TransactionId.Create(
            ClusterId.FromRandom(ulong.MaxValue), new Epoch(Epoch.MaxNumber, uint.MaxValue), 999_999_999_999_999_999, ulong.MaxValue);
        var branch = new BranchName(new string('p', BranchName.MaxParticipantLength), new string('i', BranchName.MaxInstanceLength));

        Assert.True(id.Value.Length <= TransactionId.MaxLength);
        Assert.True(TransactionId.TryParse(id.Value, out _));
        Assert.True(branch.ToString().Length <= 64);
        Assert.True(new BranchId(id, branch).Gid.Length <= 199);
    }

    [Theory]
    [InlineData("")]
    [InlineData("k7q2m9xa")]
    [InlineData("K7Q2M9XA-12x9f8e7d6c-45-0123456789abcdef")]
    [InlineData("k7q2m9x-12x9f8e7d6c-45-0123456789abcdef")]
    [InlineData("k7q2m9xa-0x9f8e7d6c-45-0123456789abcdef")]
    [InlineData("k7q2m9xa-012x9f8e7d6c-45-0123456789abcdef")]
    [InlineData("k7q2m9xa-12x9f8e7d6-45-0123456789abcdef")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-0-0123456789abcdef")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-045-0123456789abcdef")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-45-0123456789abcde")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-45-0123456789ABCDEF")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef-")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef'")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef ")]
    [InlineData(" k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef\n")]
    // A database takes them, and .NET reads numbers over them.
    [InlineData("k7q2m9xa-12x9f8e7d6c-45\0-0123456789abcdef")]
    [InlineData("k7q2m9xa-12\0x9f8e7d6c-45-0123456789abcdef")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-+5-0123456789abcdef")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-٤٥-0123456789abcdef")]
    public void TryParse_NotTheGrammar_IsRefused(string text)
    {
        Assert.False(TransactionId.TryParse(text, out _));
        Assert.Throws<FormatException>(() => TransactionId.Parse(text));
    }

    [Fact]
    public void TryParse_EveryOneCharacterChange_IsRefusedOrAnotherId()
    {
        var original = TransactionId.Parse(Good);
        for (var i = 0; i < Good.Length; i++)
        {
            foreach (var c in "'\"\\;-. \0:xé0fz")
            {
                var changed = Good[..i] + c + Good[(i + 1)..];
                if (TransactionId.TryParse(changed, out var parsed) && changed != Good)
                    Assert.NotEqual(original, parsed);
            }
        }
    }

    [Theory]
    [InlineData("inventory.4f7c01ab", true)]
    [InlineData("a.00000000", true)]
    [InlineData("inventory", false)]
    [InlineData("inventory.4f7c01a", false)]
    [InlineData("inventory.4f7c01ab.x", false)]
    [InlineData("1nventory.4f7c01ab", false)]
    [InlineData("Inventory.4f7c01ab", false)]
    [InlineData("in'ventory.4f7c01ab", false)]
    [InlineData(".4f7c01ab", false)]
    [InlineData("inventory.4f7c01ab4f7c01abx", false)]
    public void BranchName_TryParse_MatchesTheWholeGrammar(string text, bool expected) =>
        Assert.Equal(expected, BranchName.TryParse(text, out _));

    [Fact]
    public void BranchId_Gid_ParsesBack()
    {
        var id = new BranchId(TransactionId.Parse(Good), BranchName.Parse("inventory.4f7c01ab"));

        Assert.True(BranchId.TryParse(id.Gid, out var parsed));
        Assert.Equal(id, parsed);
        Assert.False(BranchId.TryParse(id.Gid + ":", out _));
        Assert.False(BranchId.TryParse("x" + id.Gid, out _));
        Assert.False(BranchId.TryParse(null, out _));
    }

    [Fact]
    public void BranchId_PrefixOfAnother_IsNotTheOther()
    {
        // Citus #2095: a prefix match of 12 took 122 for its own.
        var short12 = TransactionId.Parse("k7q2m9xa-12x9f8e7d6c-12-0123456789abcdef");
        var long122 = TransactionId.Parse("k7q2m9xa-12x9f8e7d6c-122-0123456789abcdef");

        Assert.NotEqual(short12, long122);
        Assert.NotEqual(short12.GetHashCode(), long122.GetHashCode());
    }
}
