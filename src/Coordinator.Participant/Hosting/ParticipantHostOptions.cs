using Coordinator.ResourceManagers;
using Microsoft.Extensions.Configuration;

namespace Coordinator.Participant.Hosting;

/// <summary>
/// What the ready-made host is told, from the command line, else the environment (<c>Participant__Name</c>), else
/// appsettings.json (section <c>Participant</c>). The limits of <see cref="ParticipantOptions"/> are read from there too.
/// </summary>
public sealed class ParticipantHostOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Participant";

    /// <summary>The participant's name.</summary>
    public string? Name { get; set; }

    /// <summary>Where the coordinator listens.</summary>
    public Uri? Coordinator { get; set; }

    /// <summary>PostgreSQL's connection string; this or <see cref="MySql"/>.</summary>
    public string? Postgres { get; set; }

    /// <summary>MySQL's or MariaDB's connection string.</summary>
    public string? MySql { get; set; }

    /// <summary>Where the SQL service listens, HTTP/2 without TLS; port 0: any.</summary>
    public string Listen { get; set; } = "http://127.0.0.1:0";

    /// <summary>Where /health and /metrics listen for HTTP/1.1; null: on <see cref="Listen"/> alone, for HTTP/2.</summary>
    public string? HealthListen { get; set; }

    /// <summary>Where metrics and traces are exported to by OTLP; null: nowhere.</summary>
    public Uri? OtlpEndpoint { get; set; }

    /// <summary>Whether gRPC clients may ask for the services' descriptions (server reflection).</summary>
    public bool Reflection { get; set; }

    /// <summary>Whether branches on MySQL and MariaDB write witness rows.</summary>
    public bool Witness { get; set; } = true;

    /// <summary>How many branches are open at once, with a connection each; null: what pools and database allow.</summary>
    public int? MaxBranches { get; set; }

    /// <exception cref="ArgumentException">Something is missing or wrong; the message says what to give.</exception>
    public void Validate()
    {
        if (Name is null || !BranchName.IsParticipant(Name))
            throw new ArgumentException("Give a --name: 1 to 40 characters of [a-z0-9-], starting with a letter.");
        if (Coordinator is null || !Coordinator.IsAbsoluteUri)
            throw new ArgumentException("Give the --coordinator's address, for example http://127.0.0.1:7070.");
        if (Postgres is null == MySql is null)
            throw new ArgumentException("Give one of --postgres and --mysql: a connection string.");
        if (MaxBranches < 1)
            throw new ArgumentException("--max-branches must be at least 1.");
        if (OtlpEndpoint is { } endpoint && !(endpoint.IsAbsoluteUri && endpoint.Scheme is "http" or "https"))
            throw new ArgumentException($"--otlp-endpoint is {endpoint}; it must be an http or https address.");
        foreach (var address in new[] { Listen, HealthListen }.OfType<string>())
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp)
                throw new ArgumentException($"{address} is no address to listen on: for example http://127.0.0.1:7080.");
        }
    }

    /// <summary>Takes the participant's limits from the same section.</summary>
    internal void Apply(IConfiguration section, ParticipantOptions options)
    {
        section.Bind(options);
        options.MaxOpenBranches ??= MaxBranches;
    }

    /// <summary>Makes the resource manager.</summary>
    internal IResourceManager CreateResources()
    {
        if (Postgres is { } postgres)
        {
            var options = new PostgresOptions(postgres);
            return new PostgresResourceManager(MaxBranches is { } most ? options with { WorkPoolSize = most } : options);
        }

        // TINYINT(1) and CHAR(36) as what they hold, and zero dates as something that is no failure.
        var mySql = new MySqlOptions($"{MySql!.TrimEnd().TrimEnd(';')};TreatTinyAsBoolean=false;GuidFormat=None;ConvertZeroDateTime=true") { Witness = Witness };
        return new MySqlResourceManager(MaxBranches is { } limit ? mySql with { WorkPoolSize = limit } : mySql);
    }
}
