package import Billing

/// What the invocation path and the management routes are told at the start, once.
package struct GatewayConfiguration: Sendable {
    /// Default: nothing is free, nothing is dear; see `Prices`.
    package var prices = Prices()
    /// API keys; with none, requests are taken from anybody, so only a loopback address may be
    /// listened on.
    package var keys: [APIKey] = []
    /// How long a handler may take to give way once cancelled, in milliseconds; default 1,000.
    package var cancelGraceMillis = 1000
    /// How often deadlines are looked at, in milliseconds; default 10.
    package var sweepMillis = 10
    /// How long a request may take to arrive, in milliseconds; default 30,000.
    package var requestMillisMax = 30_000
    /// How long a connection without a request is kept, in milliseconds; default 75,000.
    package var idleMillisMax = 75_000
    /// A streamed answer that its client has not taken, in bytes, before it is cut off; default 16
    /// MiB.
    package var unsentBytesMax = 16 << 20
    /// Parts of pipelined requests held while an answer is pending; default 256.
    package var heldPartsMax = 256
    /// The largest bundle, in bytes; default 512 MiB.
    package var bundleBytesMax = 512 << 20
    /// How long a sandbox may take to load its handler, in a deploy and later, in milliseconds;
    /// default 300,000.
    package var loadMillisMax = 300_000
    /// How long a revision that has been replaced is kept ready for a way back, in milliseconds;
    /// default 300,000.
    package var probationMillis = 300_000
    /// How often layers and weights are removed that no revision needs, in milliseconds; default
    /// 3,600,000.
    package var cleanupMillis = 3_600_000
    /// How long a graceful stop waits for invocations, in milliseconds; default 30,000.
    package var drainMillisMax = 30_000

    package init() {}
}

/// An API key, by its digest: the key itself is not kept.
package struct APIKey: Sendable, Hashable {
    package var account: String
    /// SHA-256 of the key, in hexadecimal.
    package var digest: String

    package init(account: String, digest: String) {
        self.account = account
        self.digest = digest
    }
}
