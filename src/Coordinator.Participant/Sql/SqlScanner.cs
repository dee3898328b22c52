namespace Coordinator.Participant.Sql;

/// <summary>
/// Reads a statement's text as far as is needed to say which one it is and that it is one.
/// </summary>
/// <param name="text">The statement.</param>
/// <param name="isPostgres">Which of the dialects.</param>
/// <param name="escapes">
/// Whether a backslash escapes the next character of a plain string. Server settings decide that, and others than the
/// reader knows, so a statement is to be read in both ways.
/// </param>
internal ref struct SqlScanner(ReadOnlySpan<char> text, bool isPostgres, bool escapes)
{
    private const int WordsKept = 3;

    private readonly ReadOnlySpan<char> _text = text;
    private int _at;
    private bool _ended;

    /// <summary>The first words, in capitals; parentheses before them do not count.</summary>
    public List<string> Words { get; } = [];

    /// <summary>Text follows a semicolon.</summary>
    public bool HasSeveral { get; private set; }

    /// <summary>MySQL executes some comments.</summary>
    public bool HasExecutableComment { get; private set; }

    public void Scan()
    {
        while (_at < _text.Length)
        {
            if (TrySkipComment() || TrySkipSpace())
                continue;
            if (_text[_at] == ';')
            {
                _ended = true;
                _at++;
                continue;
            }

            HasSeveral |= _ended;
            if (!TrySkipQuoted() && !TryTakeWord())
                _at++;
        }
    }

    private bool TrySkipSpace()
    {
        if (!char.IsWhiteSpace(_text[_at]))
            return false;
        _at++;
        return true;
    }

    private bool TrySkipComment()
    {
        var rest = _text[_at..];
        if (rest.StartsWith("/*"))
        {
            HasExecutableComment |= !isPostgres && (rest.StartsWith("/*!") || rest.StartsWith("/*M!"));
            SkipBlockComment();
            return true;
        }

        // On MySQL two dashes begin a comment only before a space; elsewhere they are two signs.
        var isLine = rest.StartsWith("--") && (isPostgres || rest.Length == 2 || char.IsWhiteSpace(rest[2]) || char.IsControl(rest[2]));
        if (!isLine && (isPostgres || rest[0] != '#'))
            return false;
        var end = rest.IndexOfAny('\n', isPostgres ? '\r' : '\n');
        _at = end < 0 ? _text.Length : _at + end + 1;
        return true;
    }

    // PostgreSQL's comments nest, MySQL's do not.
    private void SkipBlockComment()
    {
        var depth = 0;
        while (_at < _text.Length)
        {
            var rest = _text[_at..];
            if (rest.StartsWith("/*") && (isPostgres || depth == 0))
            {
                depth++;
                _at += 2;
            }
            else if (rest.StartsWith("*/"))
            {
                _at += 2;
                if (--depth == 0)
                    return;
            }
            else
            {
                _at++;
            }
        }
    }

    private bool TrySkipQuoted()
    {
        var c = _text[_at];
        if (c is '\'' or '"' or '`' && !(isPostgres && c == '`'))
        {
            SkipQuoted(c, isPostgres ? c == '\'' && (escapes || IsAfterE()) : c != '`' && escapes);
            return true;
        }

        return isPostgres && c == '$' && TrySkipDollarQuoted();
    }

    // E'…' always has escapes by backslash.
    private readonly bool IsAfterE() =>
        _at > 0 && _text[_at - 1] is 'e' or 'E' && (_at == 1 || !IsWordCharacter(_text[_at - 2]));

    // A doubled quote is two strings one after the other: no different for us.
    private void SkipQuoted(char quote, bool hasEscapes)
    {
        for (_at++; _at < _text.Length; _at++)
        {
            if (hasEscapes && _text[_at] == '\\')
                _at++;
            else if (_text[_at] == quote)
            {
                _at++;
                return;
            }
        }

        _at = _text.Length;
    }

    private bool TrySkipDollarQuoted()
    {
        if (_at > 0 && IsWordCharacter(_text[_at - 1]))
            return false;
        var length = _text[(_at + 1)..].IndexOf('$');
        if (length < 0 || (length > 0 && char.IsAsciiDigit(_text[_at + 1])))
            return false;
        var tag = _text.Slice(_at, length + 2);
        foreach (var c in tag[1..^1])
        {
            if (!IsWordCharacter(c))
                return false;
        }

        var end = _text[(_at + tag.Length)..].IndexOf(tag);
        _at = end < 0 ? _text.Length : _at + (2 * tag.Length) + end;
        return true;
    }

    private bool TryTakeWord()
    {
        if (!IsWordCharacter(_text[_at]))
            return false;
        var start = _at;
        while (_at < _text.Length && IsWordCharacter(_text[_at]))
            _at++;
        if (Words.Count < WordsKept)
            Words.Add(_text[start.._at].ToString().ToUpperInvariant());
        return true;
    }

    private static bool IsWordCharacter(char c) => char.IsLetterOrDigit(c) || c == '_';
}
