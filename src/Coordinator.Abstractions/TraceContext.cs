using System.Diagnostics;

namespace Coordinator;

/// <summary>W3C's trace context in messages that have no headers of their own: on a stream that was opened long before.</summary>
public static class TraceContext
{
    // What the recommendation asks everybody to pass on; a longer one is left out.
    private const int MaxStateLength = 512;

    /// <summary>The context that work asked for from here belongs to; two empty strings if nobody listens to the source.</summary>
    public static (string Parent, string State) Current(ActivitySource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!source.HasListeners() || Activity.Current is not { IdFormat: ActivityIdFormat.W3C, Id: { } id } current)
            return ("", "");
        var state = current.TraceStateString ?? "";
        return (id, state.Length <= MaxStateLength ? state : "");
    }

    /// <summary>Reads what <see cref="Current"/> gave; false for none, or for one that is malformed.</summary>
    public static bool TryRead(string parent, string state, out ActivityContext context)
    {
        context = default;
        return !string.IsNullOrEmpty(parent)
            && ActivityContext.TryParse(parent, state is { Length: > 0 and <= MaxStateLength } ? state : null, isRemote: true, out context);
    }
}
