extension Manifest {
    /// How a new revision takes over from the one before: in steps, and only while it is no worse.
    package struct Rollout: Sendable, Hashable, Codable {
        /// The share of the first step; default 5 %.
        package var canary = Share(percent: 5)
        /// The shares of the steps after it, rising; what follows the last one is all.
        package var steps = [Share(percent: 25)]
        /// How long a step lasts, in milliseconds; default 2 minutes.
        package var everyMillis = 120_000
        /// Failed and timed out answers that a new revision may give; default 1 %.
        package var maxErrorRate = Share(percent: 1)
        /// How many times the old revision's run time the new one's may be; default 1.5.
        package var maxLatencyFactor = 1.5

        package init() {}

        /// The share of each step from the canary on, the last of them all.
        package var shares: [Share] {
            let shares = [canary] + steps
            return shares.last == .all ? shares : shares + [.all]
        }
    }

    /// Without what acts by itself: a preview has the production's manifest, and must not take
    /// its messages.
    package var forPreview: Manifest {
        var preview = self
        preview.triggers = Triggers()
        preview.rollout = nil
        preview.probe = nil
        preview.scale.min = 0
        return preview
    }

    /// A synthetic invocation with the function's own sample, again and again.
    package struct Probe: Sendable, Hashable, Codable {
        /// Milliseconds between two probes; default 5 minutes.
        package var everyMillis = 300_000

        package init() {}
    }

    /// Weights that a node fetches once, checks and shows to the sandbox read-only.
    package struct ModelFile: Sendable, Hashable, Codable {
        /// `file:///...`, `https://...` or `s3://BUCKET/KEY`.
        package var source: String
        /// 64 hexadecimal digits, in lower case.
        package var sha256: String

        package init(source: String, sha256: String) {
            self.source = source
            self.sha256 = sha256
        }

        /// The folder in a sandbox where the file is.
        package static let folder = "/model"

        /// The file's name in that folder: the last part of its source.
        package var fileName: String {
            let path = source.prefix { $0 != "?" && $0 != "#" }
            return String(path.split(separator: "/").last ?? "model")
        }

        /// Where a handler finds it; also in the environment variable `FAAS_MODEL`.
        package var path: String { "\(Self.folder)/\(fileName)" }
    }
}
