using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Coordinator.ResourceManagers.Tests;

/// <summary>
/// Ids as anybody may prepare under, drawn from a seed: empty, binary, quoted, too long, other clusters', of epochs that
/// never were, nearly right, and right but for one thing. The judge here is a pattern of its own, not the code under test.
/// </summary>
internal sealed partial class HostileIds(int seed, ClusterId cluster, Epoch epoch, string participant)
{
    private readonly Random _random = new(seed);

    /// <summary>An XID's parts, as bytes in Latin-1, and its formatID.</summary>
    public (string Gtrid, string Bqual, long Format) Next()
    {
        var gtrid = Ours();
        var bqual = $"{participant}.{_random.NextInt64():x16}"[..(participant.Length + 13)];
        long format = BranchId.XaFormatId;
        switch (_random.Next(14))
        {
            case 0:
                gtrid = Bytes(_random.Next(1, 65));
                bqual = Bytes(_random.Next(0, 65));
                break;
            case 1:
                gtrid = Spoil(gtrid);
                break;
            case 2:
                bqual = Spoil(bqual);
                break;
            case 3:
                format = _random.Next(3) switch { 0 => 1, 1 => 0, _ => _random.Next() };
                break;
            case 4:
                // The same bytes, divided elsewhere.
                var whole = gtrid + bqual;
                var at = Math.Max(1, gtrid.Length + _random.Next(-5, 6));
                (gtrid, bqual) = (whole[..at], whole[at..]);
                break;
            case 5:
                gtrid = TransactionId.Create(ClusterId.FromRandom((ulong)_random.NextInt64()), epoch, 12, 7).Value;
                break;
            case 6:
                gtrid = TransactionId.Create(cluster, new Epoch(epoch.Number + _random.Next(1, 9), (uint)_random.Next()), 12, 7).Value;
                break;
            case 7:
                bqual = $"nobody{bqual}";
                break;
            case 8:
                bqual = "";
                break;
            case 9:
                gtrid = "'; DROP TABLE account; --";
                break;
            case 10:
                (gtrid, bqual) = (gtrid + " ", bqual + "\n");
                break;
            case 11:
                // A live id's prefix, or longer by a digit: 12 is not 122.
                gtrid = gtrid[..^_random.Next(1, 17)];
                break;
            case 12:
                gtrid = gtrid.ToUpperInvariant();
                break;
            default:
                break;
        }

        return (Cut(gtrid), Cut(bqual), format);
    }

    public string Ours() => TransactionId.Create(cluster, epoch, _random.Next(1, 200), (ulong)_random.NextInt64()).Value;

    /// <summary>True if the whole id is exactly one that the project hands out: of whatever cluster.</summary>
    public static bool IsGrammar(string gtrid, string bqual) =>
        gtrid.Length <= 64 && TransactionPattern().IsMatch(gtrid) && BranchPattern().IsMatch(bqual);

    // XA allows no more than 64 bytes for either.
    private static string Cut(string part) => part.Length > 64 ? part[..64] : part;

    private string Bytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return Encoding.Latin1.GetString(bytes);
    }

    private string Spoil(string text)
    {
        var at = _random.Next(text.Length);
        var c = ((char)_random.Next(0, 256)).ToString(CultureInfo.InvariantCulture);
        return _random.Next(3) switch
        {
            0 => text[..at] + c + text[(at + 1)..],
            1 => text[..at] + c + text[at..],
            _ => text[..at] + text[(at + 1)..],
        };
    }

    [GeneratedRegex(@"\A[a-z0-9]{8}-[1-9][0-9]{0,8}x[0-9a-f]{8}-[1-9][0-9]{0,17}-[0-9a-f]{16}\z")]
    private static partial Regex TransactionPattern();

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,39}\.[a-z0-9]{8,16}\z")]
    private static partial Regex BranchPattern();
}
