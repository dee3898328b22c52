namespace Grpc.Core;

/// <summary>Checks a server's certificate beyond the transport's own checks; true accepts it.</summary>
public delegate bool VerifyPeerCallback(VerifyPeerContext context);
