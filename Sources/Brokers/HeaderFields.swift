/// The header fields of one message: names in lower case, and only what can stand in a header.
struct HeaderFields {
    private(set) var fields: [(name: String, value: String)] = []
    private var lineBytes = 0

    /// Leaves out a field that has no such form or is over a limit.
    mutating func append(_ name: String, _ value: String) {
        let isName =
            !name.isEmpty && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3A }
        let isValue = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
        let bytes = name.utf8.count + value.utf8.count
        let allBytes = lineBytes + bytes + Self.separatorBytes
        guard isName, isValue, fields.count < BrokerLimits.headersMax,
            bytes <= BrokerLimits.headerBytesMax, allBytes <= BrokerLimits.headersBytesMax
        else { return }
        lineBytes = allBytes
        fields.append((name.lowercased(), value))
    }

    /// Of a line: colon, blank and line break.
    private static let separatorBytes = 3
}
