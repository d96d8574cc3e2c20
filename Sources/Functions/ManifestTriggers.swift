extension Manifest {
    /// What invokes the function besides HTTP.
    package struct Triggers: Sendable, Hashable, Codable {
        package var queues: [QueueTrigger] = []
        package var schedules: [ScheduleTrigger] = []

        package init() {}
    }
}

/// Messages of a queue become invocations.
package struct QueueTrigger: Sendable, Hashable, Codable {
    /// Where messages come from.
    package enum Source: Sendable, Hashable, Codable {
        /// A queue of this platform.
        case embedded(QueueName)
        case broker(BrokerSource)
    }

    package var source: Source
    /// Messages handed to an instance together; default 1.
    package var batch = 1
    /// Batches in flight at once; nil: as many as the function's instances can take.
    package var concurrency: Int?
    /// Attempts before a message is a dead letter; default 5.
    package var attempts = 5
    package var backoff = Backoff()
    /// The queue of its dead letters.
    package var dead: QueueName

    package init(source: Source, dead: QueueName) {
        self.source = source
        self.dead = dead
    }
}

/// The pause before another attempt: doubled each time, with jitter, between two bounds.
package struct Backoff: Sendable, Hashable, Codable {
    /// Default 1,000.
    package var firstMillis = 1_000
    /// Default 300,000.
    package var lastMillis = 300_000

    package init() {}

    package init(firstMillis: Int, lastMillis: Int) {
        self.firstMillis = firstMillis
        self.lastMillis = lastMillis
    }

    /// The pause after the attempt `tries` (from 1); `jitter` is from 0 up to 1.
    ///
    /// Half of it is fixed and half is random, so that messages that failed together do not come
    /// back together.
    package func pauseMillis(after tries: Int, jitter: Double) -> Int {
        let doublings = min(max(0, tries - 1), 30)
        let pause = min(lastMillis, firstMillis << doublings)
        return pause / 2 + Int(Double(pause - pause / 2) * jitter)
    }
}

/// A place in a message broker that the user runs.
package struct BrokerSource: Sendable, Hashable, Codable {
    /// `nats`, `redis`, `sqs` or `amqp`.
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case nats, redis, sqs, amqp
    }

    package var kind: Kind
    /// As written in the manifest, which may have a password in it.
    package var url: String
    /// What else names the place, by the manifest's keys: `stream`, `subject`, `durable`, `group`,
    /// `queue`, `region`.
    package var options: [String: String]

    package init(kind: Kind, url: String, options: [String: String] = [:]) {
        self.kind = kind
        self.url = url
        self.options = options
    }

    /// The URL without its password.
    package var shownURL: String {
        guard let scheme = url.range(ofText: "://"), let at = url.lastIndex(of: "@") else {
            return url
        }
        let user = url[scheme.upperBound..<at].prefix { $0 != ":" }
        return "\(url[..<scheme.upperBound])\(user)\(user.isEmpty ? "" : ":***")\(url[at...])"
    }
}

extension String {
    fileprivate func range(ofText text: String) -> Range<Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) {
                return index..<self.index(index, offsetBy: text.count)
            }
            index = self.index(after: index)
        }
        return nil
    }
}

/// Instants become invocations.
package struct ScheduleTrigger: Sendable, Hashable, Codable {
    /// What becomes of ticks that passed while the gateway was down.
    package enum Missed: String, Sendable, Hashable, Codable, CaseIterable {
        /// One invocation for all of them.
        case once
        case skip
    }

    /// Unlike the function's other schedules'; default: the function's name.
    package var name: String
    /// As in the manifest; it has been parsed once.
    package var cron: String
    /// A name of the time zone database; default `UTC`.
    package var zone = "UTC"
    /// Default `skip`.
    package var missed = Missed.skip
    /// The invocation's body; default `{}`.
    package var input = "{}"
    /// Attempts at one tick; default 1.
    package var attempts = 1

    package init(name: String, cron: String) {
        self.name = name
        self.cron = cron
    }
}

/// The name of a queue: 1 to 63 of a-z, 0-9, `-`, `_` and `.`, and neither first nor last a `-`
/// or a `.`.
package struct QueueName: Sendable, Hashable, Codable, CustomStringConvertible {
    package static let lengthMax = 63

    package let description: String

    package init?(_ text: String) {
        let bytes = text.utf8
        let isPlain = bytes.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || "-_.".utf8.contains(byte)
        }
        guard (1...Self.lengthMax).contains(bytes.count), isPlain,
            let first = text.first, let last = text.last, !"-.".contains(first),
            !"-.".contains(last)
        else { return nil }
        description = text
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = QueueName(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\(text) is not a queue's name"
            )
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
