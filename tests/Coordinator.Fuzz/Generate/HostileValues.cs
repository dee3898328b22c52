using System.Text;

namespace Coordinator.Fuzz.Generate;

/// <summary>Values that break what was not written with them in mind.</summary>
internal static class HostileValues
{
    private static readonly string[] Texts =
    [
        "", " ", "\0", "a\0b", "'", "''; DROP TABLE orders; --", "\\", "\"", "$1", "%s%n", "../../etc/passwd", "\u001b[2J\u001b[31m", "a\r\nb: c",
        "\u202eevil", "\ufeff", "\ud83d\ude00", "İ", "ß", "null", "NaN", "-0", "1e999", "0x41", "[]", "{}", "<script>", "http://", "file:///etc/passwd",
        "http://127.0.0.1:1", "COMMIT", "drill-prepared", "drill-decided", new('a', 41), new('x', 101), new('x', 257), new('x', 1_001), new('é', 501),
        new('-', 64), "9999-12-31", "0000-00-00", "k1", "k2", "k3",
    ];

    private static readonly string[] Statements =
    [
        "SELECT 1", "INSERT INTO fuzz (n) VALUES (1)", "INSERT INTO fuzz (n) VALUES ($1)", "UPDATE fuzz SET n = n + 1 WHERE n < 3", "SELECT * FROM fuzz",
        "SELECT generate_series(1, 2000), repeat('x', 100)", "COMMIT", "ROLLBACK", "BEGIN", "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'", "SELECT 1; COMMIT",
        "/* COMMIT */ SELECT 1", "SELECT 'unfinished", "SELECT $1", "SELECT $2", "DO $$ BEGIN COMMIT; END $$", "SAVEPOINT s", "SET TRANSACTION READ ONLY", "LISTEN x",
        "NOTIFY x", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "CREATE TEMP TABLE t (n int)", "COPY fuzz TO STDOUT", "COPY fuzz FROM STDIN", "SELECT pg_export_snapshot()",
        "SELECT 1/0", "SELECT no_such()", "LOCK TABLE fuzz", "ABORT", "END", "RESET ALL", "DISCARD ALL", "EXPLAIN SELECT 1", "VACUUM fuzz", ";", "--", "SELECT ''::json", "SELECT NULL",
    ];

    public static string Text(Random random) => random.Next(40) switch
    {
        0 => new string((char)random.Next(1, 0xD800), random.Next(1, 20_000)),
        1 => Spoil(random, Texts[random.Next(Texts.Length)]),
        2 => string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ => (char)random.Next(0, 0xD800))),
        _ => Texts[random.Next(Texts.Length)],
    };

    public static string Statement(Random random) =>
        random.Next(8) == 0 ? Spoil(random, Statements[random.Next(Statements.Length)]) : Statements[random.Next(Statements.Length)];

    public static long Number(Random random) => random.Next(9) switch
    {
        0 => 0,
        1 => -1,
        2 => int.MaxValue,
        3 => int.MinValue,
        4 => long.MaxValue,
        5 => long.MinValue,
        6 => random.Next(1, 2_000),
        7 => 999_999_999,
        _ => random.NextInt64(),
    };

    /// <summary>Nearly the same text: one character changed, added, dropped or doubled.</summary>
    public static string Spoil(Random random, string text)
    {
        var spoilt = new StringBuilder(text);
        var at = random.Next(spoilt.Length + 1);
        switch (random.Next(5))
        {
            case 0 when at < spoilt.Length:
                spoilt[at] = (char)random.Next(0, 0x250);
                break;
            case 1 when at < spoilt.Length:
                spoilt.Remove(at, 1);
                break;
            case 2:
                spoilt.Append(text);
                break;
            case 3:
                return text.ToUpperInvariant();
            default:
                spoilt.Insert(at, (char)random.Next(0, 0x250));
                break;
        }

        return spoilt.ToString();
    }
}
