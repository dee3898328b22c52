using System.Data.Common;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>The connection is lost, and with it the answer, if anything was sent. Classified as the driver's own exceptions of a loss are.</summary>
public sealed class ConnectionLostException(string message, Exception? innerException = null)
    : DbException(message, innerException);
