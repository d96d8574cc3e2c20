#if NATS
import CNATS
import Glibc
import Triggers

/// Reads the library's messages.
enum NATSMessage {
    private static let nanosPerMicro: Int64 = 1_000

    /// Nil for what is no message of a stream.
    static func decoded(_ message: OpaquePointer) -> BrokerMessage? {
        guard let reply = natsMsg_GetReply(message).map({ String(cString: $0) }),
            let place = Place(reply)
        else { return nil }
        let count = Int(natsMsg_GetDataLength(message))
        let bytes = natsMsg_GetData(message).map {
            UnsafeRawBufferPointer(start: $0, count: count)
        }
        return BrokerMessage(
            token: reply,
            // The number alone begins anew where a stream was deleted and made again.
            identity: "\(place.sequence)-\(place.storedNanos)",
            sentAtMicros: place.storedNanos / nanosPerMicro,
            isRedelivered: place.deliveries > 1,
            headers: headers(of: message),
            body: bytes.map(Array.init) ?? []
        )
    }

    /// What the subject of a message's acknowledgements says of it.
    ///
    /// `$JS.ACK.STREAM.CONSUMER.DELIVERIES.SEQUENCE.CONSUMERSEQUENCE.NANOS.PENDING`, or with domain
    /// and account after `ACK`, and then whatever servers append.
    private struct Place {
        private static let shortCount = 9
        private static let longCount = 11

        var deliveries: UInt64
        var sequence: UInt64
        var storedNanos: Int64

        init?(_ subject: String) {
            let words = subject.split(separator: ".")
            guard words.count == Self.shortCount || words.count >= Self.longCount,
                words[0] == "$JS", words[1] == "ACK"
            else { return nil }
            let facts = words.dropFirst(words.count == Self.shortCount ? 4 : 6).map(String.init)
            guard let deliveries = UInt64(facts[0]), let sequence = UInt64(facts[1]),
                let storedNanos = Int64(facts[3])
            else { return nil }
            self.deliveries = deliveries
            self.sequence = sequence
            self.storedNanos = storedNanos
        }
    }

    static func header(_ name: String, of message: OpaquePointer) -> String? {
        var value: UnsafePointer<CChar>?
        guard natsMsgHeader_Get(message, name, &value) == NATS_OK, let value else { return nil }
        return String(cString: value)
    }

    private static func headers(of message: OpaquePointer) -> [(name: String, value: String)] {
        var names: UnsafeMutablePointer<UnsafePointer<CChar>?>?
        var count: Int32 = 0
        guard natsMsgHeader_Keys(message, &names, &count) == NATS_OK, let names else { return [] }
        defer { free(names) }
        var headers = HeaderFields()
        for name in UnsafeBufferPointer(start: names, count: Int(count)) {
            guard let name = name.map({ String(cString: $0) }),
                let value = header(name, of: message)
            else { continue }
            headers.append(name, value)
        }
        return headers.fields
    }
}
#endif
