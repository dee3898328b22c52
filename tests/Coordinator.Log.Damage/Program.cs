// Damages the files of real logs in every way that it can think of, and opens each of them:
//   dotnet run -c Release --project tests/Coordinator.Log.Damage -- --flips 100000 [--seed 1]
// The last line counts; the exit status is 1 if any damage was missed.
using System.Globalization;
using Coordinator.Log.Damage;

var flips = 1000;
var seed = 1;
for (var i = 0; i < args.Length; i += 2)
{
    if (i + 1 == args.Length || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        return Usage();
    switch (args[i])
    {
        case "--flips":
            flips = number;
            break;
        case "--seed":
            seed = number;
            break;
        default:
            return Usage();
    }
}

var counts = await DamageRun.RunAsync(flips, seed, Console.Out);
return counts.Missed == 0 ? 0 : 1;

static int Usage()
{
    Console.Error.WriteLine("usage: [--flips N] [--seed S]");
    return 2;
}
