using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coordinator.Server;

/// <summary>Reads the certificate files that the options name.</summary>
internal static class TlsFiles
{
    /// <summary>What is wrong with the files; null if nothing is.</summary>
    public static string? WhyNotUsable(ServerOptions options)
    {
        try
        {
            using var certificate = ReadCertificate(options);
            if (!certificate.HasPrivateKey)
                return $"TlsCertificate {options.TlsCertificate} has no private key; give TlsKey.";
            if (options.TlsClientCa.Length > 0 && ReadClientAuthorities(options).Count == 0)
                return $"TlsClientCa {options.TlsClientCa} has no certificate.";
            return null;
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return $"TlsCertificate, TlsKey or TlsClientCa cannot be read: {exception.Message}";
        }
    }

    public static X509Certificate2 ReadCertificate(ServerOptions options)
    {
        if (IsPfx(options.TlsCertificate))
            return X509CertificateLoader.LoadPkcs12FromFile(options.TlsCertificate, options.TlsPassword.Length > 0 ? options.TlsPassword : null);
        return X509Certificate2.CreateFromPemFile(options.TlsCertificate, options.TlsKey.Length > 0 ? options.TlsKey : null);
    }

    /// <summary>The certificates between the server's own and the root, which clients need to be sent.</summary>
    public static X509Certificate2Collection ReadChain(ServerOptions options)
    {
        var chain = new X509Certificate2Collection();
        if (!IsPfx(options.TlsCertificate))
            chain.ImportFromPemFile(options.TlsCertificate);
        return chain;
    }

    public static X509Certificate2Collection ReadClientAuthorities(ServerOptions options)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(options.TlsClientCa);
        return authorities;
    }

    private static bool IsPfx(string path) => Path.GetExtension(path).ToUpperInvariant() is ".PFX" or ".P12";
}
