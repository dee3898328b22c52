using System.Globalization;
using Coordinator.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server.Tests;

/// <summary>Options: where they come from, what is refused, and that the README tells the truth.</summary>
public class OptionsTests
{
    [Fact]
    public void Readme_OptionsTable_ListsExactlyTheOptionsWithTheirDefaults()
    {
        var expected = OptionCatalog.All.Select(option =>
            $"| `{option.Flag}` | {(option.Default.Length > 0 ? $"`{option.Default}`" : "none")} | {option.Description} |");
        var found = File.ReadLines(Path.Combine(Repository.Root, "src", "Coordinator.Server", "README.md"))
            .Where(line => line.StartsWith("| `--", StringComparison.Ordinal));
        Assert.Equal(expected, found);
    }

    [Fact]
    public void Catalog_EveryOption_CanBeReadFromItsOwnDefault()
    {
        var options = new ServerOptions();
        foreach (var option in OptionCatalog.All)
            Assert.Equal((option.Key, option.Default), (option.Key, option.Read(option.Apply(options, option.Default))));
        Assert.Empty(OptionsValidation.Check(options));
    }

    // An option of the engine, or of the server, that nobody can set would be a limit without an option.
    [Fact]
    public void Catalog_EveryProperty_HasAnOption()
    {
        var properties = typeof(ServerOptions).GetProperties().Length - 2
            + typeof(Engine.EngineOptions).GetProperties().Count(property => property.SetMethod is not null && !property.PropertyType.IsSubclassOf(typeof(Delegate)))
            + typeof(Coordinator.Log.SqliteLogOptions).GetProperties().Length;
        Assert.Equal(properties, OptionCatalog.All.Count);
        Assert.Equal(OptionCatalog.All.Count, OptionCatalog.All.Select(option => option.Key).Distinct().Count());
    }

    [Fact]
    public void Read_FlagsAndFile_FlagsWin()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """{ "Coordinator": { "MaxPageSize": 500, "Retention": "2d", "ConsoleLevel": "debug" } }""");
            var reading = OptionsReader.Read(["--config", file, "--max-page-size=700", "--insecure", "--listen", "0.0.0.0:0"], TextWriter.Null);
            Assert.Empty(reading.Errors);
            Assert.Equal((700, TimeSpan.FromDays(2), LogLevel.Debug), (reading.Options!.MaxPageSize, reading.Options.Engine.Retention, reading.Options.ConsoleLevel));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Read_NoJson_SaysSo()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "{ nonsense");
            Assert.Contains("cannot be read", Assert.Single(OptionsReader.Read(["--config", file], TextWriter.Null).Errors), StringComparison.Ordinal);
            Assert.Contains("no such file", Assert.Single(OptionsReader.Read(["--config", file + "x"], TextWriter.Null).Errors), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("Listen", "7070", "address:port")]
    [InlineData("Listen", "example.org:7070", "address:port")]
    [InlineData("Listen", "192.0.2.1:7070", "without TLS")]
    [InlineData("HealthListen", "[::]:7071", "without TLS")]
    [InlineData("TlsKey", "x.key", "without TlsCertificate")]
    [InlineData("TlsCertificate", "/no/such.crt", "cannot be read")]
    [InlineData("MaxTimeout", "1s", "shorter than DefaultTimeout")]
    [InlineData("MaxTimeout", "soon", "a duration such as")]
    [InlineData("KeepAliveInterval", "0s", "longer than zero")]
    [InlineData("StreamWindowBytes", "1", "at least 65535")]
    [InlineData("MaxMessageBytes", "99999999999", "a whole number up to")]
    [InlineData("DefaultPageSize", "1001", "at most MaxPageSize")]
    [InlineData("ConsoleFormat", "1", "one of Simple, Json")]
    [InlineData("Insecure", "yes", "true or false")]
    [InlineData("OtlpEndpoint", "collector", "http or https")]
    [InlineData("LogMaxQueue", "1", "at least LogMaxBatch")]
    [InlineData("LogGatherFor", "2s", "from zero to one second")]
    [InlineData("Log", "", "name the log's file")]
    public void Bind_WrongValue_NamesTheOptionAndWhatItMustBe(string key, string value, string expected)
    {
        var reading = OptionsReader.Bind(Section((key, value)));
        Assert.Null(reading.Options);
        Assert.Contains(reading.Errors, error => error.Contains(key, StringComparison.Ordinal) && error.Contains(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("127.0.0.1:7070")]
    [InlineData("[::1]:0")]
    [InlineData("localhost:7070")]
    public void Bind_LoopbackAddress_NeedsNoTls(string address) => Assert.NotNull(OptionsReader.Bind(Section(("Listen", address))).Options);

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("30s", 30)]
    [InlineData("10m", 600)]
    [InlineData("00:00:30", 30)]
    [InlineData("7d", 604_800)]
    public void Duration_Text_IsReadAndWrittenBack(string text, double seconds)
    {
        var span = Durations.Parse(text);
        Assert.Equal(TimeSpan.FromSeconds(seconds), span);
        Assert.Equal(span, Durations.Parse(Durations.Format(span)));
    }

    private static IConfigurationSection Section(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.ToDictionary(setting => string.Create(CultureInfo.InvariantCulture, $"Coordinator:{setting.Key}"), setting => (string?)setting.Value))
        .Build().GetSection("Coordinator");
}
