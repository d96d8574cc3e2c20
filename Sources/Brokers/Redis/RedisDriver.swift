#if Redis
package import Functions
import Glibc
package import Triggers

/// Redis Streams: one consumer of a consumer group.
package struct RedisDriver: BrokerDriver {
    private let leaseMillis: Int

    package init(leaseMillis: Int = BrokerLimits.leaseMillis) {
        self.leaseMillis = leaseMillis
    }

    package func connect(
        _ source: BrokerSource,
        capacity: Int,
        timeoutMillis: Int
    ) throws(BrokerError) -> any BrokerConnection {
        let example = "queue: { broker: redis://host:6379/0, stream: NAME, group: NAME }"
        let place = RedisPlace(
            stream: try source.required("stream", example: example),
            group: try source.required("group", example: example),
            consumer: source.options["consumer"] ?? Self.consumerName
        )
        let link = try RedisLink(source, timeoutMillis: timeoutMillis)
        try makeGroup(place, link)
        return RedisConnection(place, link: link, leaseMillis: leaseMillis)
    }

    /// A stream comes to be with its first entry, so it is made where it is missing; a new group
    /// begins at the stream's first entry.
    private func makeGroup(_ place: RedisPlace, _ link: RedisLink) throws(BrokerError) {
        try link.send(["XGROUP", "CREATE", place.stream, place.group, "0", "MKSTREAM"])
        do {
            _ = try link.reply()
        } catch {
            guard error.description.contains("BUSYGROUP") else { throw error }
        }
    }

    /// For those who look at the group; nothing depends on it.
    private static var consumerName: String {
        var name = [CChar](repeating: 0, count: 65)
        guard gethostname(&name, name.count - 1) == 0 else { return "faas" }
        let text = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "faas-\(String(decoding: text, as: UTF8.self))"
    }
}

/// What is read, and as whom.
struct RedisPlace: Sendable {
    var stream: String
    var group: String
    var consumer: String
}
#endif
