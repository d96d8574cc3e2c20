import Functions

extension BrokerMessage {
    /// The same for each delivery, wherever the broker says who a message is.
    ///
    /// Unlike for another function, and for another place at the same broker.
    func invocationID(source: BrokerSource, function: FunctionName) -> InvocationID {
        let options = source.options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let parts = [function.description, source.shownURL] + options + [identity]
        // FNV-1a: the same in each process, unlike Swift's hashes.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in parts.joined(separator: "\u{0}").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        hash = (hash ^ (hash >> 32)) &* 0xd6e8_feb8_6659_fd93
        return InvocationID(acceptedAtMicros: sentAtMicros ?? 0, random: hash ^ (hash >> 32))
    }

    /// As a handler is given them.
    var headerLines: [UInt8] {
        var lines: [UInt8] = []
        var hasType = false
        for (name, value) in headers where !value.utf8.contains(UInt8(ascii: "\n")) {
            if name == "content-type" { hasType = true }
            if !lines.isEmpty { lines.append(UInt8(ascii: "\n")) }
            lines += Array("\(name): \(value)".utf8)
        }
        guard !hasType else { return lines }
        let type = Array("content-type: application/json".utf8)
        return lines.isEmpty ? type : type + [UInt8(ascii: "\n")] + lines
    }
}
