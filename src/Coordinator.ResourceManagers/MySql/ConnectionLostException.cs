using System.Data.Common;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// The connection broke. MySql.Data tells it with an <see cref="InvalidOperationException"/>, which callers could not
/// tell from misuse.
/// </summary>
public sealed class ConnectionLostException(string message, Exception? innerException = null)
    : DbException(message, innerException);
