using System.Diagnostics;
using Coordinator.Testing;
using Microsoft.Playwright;

namespace Coordinator.Lab.Tests;

/// <summary>The machine's own Chromium, without a window and without talking to anybody.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly Lazy<Task<string>> Program = new(FindAsync);
    private readonly IPlaywright _playwright;

    private Chromium(IPlaywright playwright, IBrowser browser) => (_playwright, Browser) = (playwright, browser);

    public IBrowser Browser { get; }

    public static async Task<Chromium> StartAsync()
    {
        var program = await Program.Value;
        var playwright = await Playwright.CreateAsync();
        // Each launch has a user data folder of its own, new and empty.
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = program,
            Headless = true,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        return new Chromium(playwright, browser);
    }

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        _playwright.Dispose();
    }

    private static async Task<string> FindAsync()
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Repository.Root, "deploy", "browser", "install.sh")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var install = Process.Start(start)!;
        var output = install.StandardOutput.ReadToEndAsync();
        var errors = install.StandardError.ReadToEndAsync();
        await install.WaitForExitAsync();
        return install.ExitCode == 0 ? (await output).Trim() : throw new InvalidOperationException($"No Chromium: {await errors}");
    }
}
