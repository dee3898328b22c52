using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Coordinator.Testing;

/// <summary>Sends a signal to a process, by its number on Linux.</summary>
internal static partial class Signal
{
    public const int Terminate = 15;
    public const int Stop = 19;
    public const int Continue = 18;

    public static void Send(int processId, int signal)
    {
        if (Kill(processId, signal) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"Signal {signal} to process {processId} failed");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int processId, int signal);
}
