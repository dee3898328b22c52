using System.Net.Http.Json;
using Coordinator.Saga;

namespace Coordinator.Lab.World;

/// <summary>A participant's saga steps over HTTP; whatever is not an answer throws, and is asked again.</summary>
internal sealed class RemoteSagaParticipant(HttpClient http, Uri address) : ISagaParticipant
{
    public async Task<StepAnswer> ExecuteAsync(StepCommand command, CancellationToken cancellationToken)
    {
        using var answer = await http.PostAsJsonAsync(address, command, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<StepAnswer>(cancellationToken)
            ?? throw new HttpRequestException($"{address} answered without an answer.");
    }
}
