using System.Runtime.CompilerServices;

namespace Coordinator.Simulation.Checks;

/// <summary>An interpolated text that is put together only if somebody will read it.</summary>
[InterpolatedStringHandler]
internal ref struct NoteHandler
{
    private DefaultInterpolatedStringHandler _text;

    public NoteHandler(int literalLength, int formattedCount, Oracle oracle, out bool isWanted)
    {
        isWanted = oracle.IsTranscriptWanted;
        if (isWanted)
            _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount);
    }

    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public string ToText() => _text.ToStringAndClear();
}
