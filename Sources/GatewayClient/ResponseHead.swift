package import Functions
package import GatewayAPI

/// A status and header fields, as they came.
package struct ResponseHead: Sendable {
    package var status: Int
    /// In their order; names in lower case.
    package var fields: [(name: String, value: String)]

    package init(status: Int, fields: [(name: String, value: String)]) {
        self.status = status
        self.fields = fields
    }

    /// The first field of that name; case does not matter.
    package subscript(name: String) -> String? {
        let name = name.lowercased()
        return fields.first { $0.name == name }?.value
    }

    package var isSuccess: Bool { (200..<300).contains(status) }
    package var isProblem: Bool { self["content-type"]?.hasPrefix(MediaType.problem) == true }

    package var invocationID: String? { self[HeaderName.invocationID] }
    package var startKind: StartKind? {
        self[HeaderName.startKind].flatMap(StartKind.init(rawValue:))
    }
    package var timing: ServerTiming? { self[HeaderName.serverTiming].flatMap(ServerTiming.init) }
    /// How long the handler ran; nil when the head was sent before it had ended.
    package var runMicros: Int64? {
        let isStreamed = self["transfer-encoding"]?.lowercased() == "chunked"
        return timing.flatMap { isStreamed && $0.runMicros == 0 ? nil : $0.runMicros }
    }
}

extension ResponseHead {
    /// The status in a line such as `HTTP/1.1 200 OK`; nil for any other line.
    static func status(inLine line: some StringProtocol) -> Int? {
        guard line.hasPrefix("HTTP/") else { return nil }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }

    /// The field in a line such as `Name: value`; nil for any other line.
    static func field(inLine line: some StringProtocol) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        var value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        while let last = value.last, last.isWhitespace { value.removeLast() }
        return (line[..<colon].lowercased(), String(value))
    }
}
