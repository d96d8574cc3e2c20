package import Functions
package import Triggers

/// A broker's URL, taken apart.
package struct BrokerURL: Sendable {
    package var scheme: String
    package var user: String?
    package var password: String?
    package var host: String
    package var port: Int
    /// After the first `/`, as written; nil where there is none.
    package var path: String?
    /// The URL as it may be shown: without its password.
    package var shown: String

    /// `schemes` are those that the driver takes, each with its default port.
    package init(_ source: BrokerSource, schemes: [String: Int]) throws(BrokerError) {
        shown = source.shownURL
        let parts = source.url.split(separator: "://", maxSplits: 1).map(String.init)
        guard parts.count == 2, let defaultPort = schemes[parts[0]] else {
            let known = schemes.keys.sorted().map { "\($0)://" }.joined(separator: " or ")
            throw BrokerError(.invalid, "\(shown): the URL must begin with \(known)")
        }
        scheme = parts[0]
        let slash = parts[1].firstIndex(of: "/") ?? parts[1].endIndex
        path = slash == parts[1].endIndex ? nil : String(parts[1][slash...].dropFirst())
        let authority = parts[1][..<slash]
        let at = authority.lastIndex(of: "@")
        if let at {
            let pair = authority[..<at].split(
                separator: ":",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            user = pair.first.flatMap { $0.isEmpty ? nil : Self.decoded($0) }
            password = pair.count > 1 ? Self.decoded(pair[1]) : nil
        }
        let place = at.map { authority[authority.index(after: $0)...] } ?? authority
        guard let (host, port) = Self.place(place, defaultPort: defaultPort) else {
            throw BrokerError(
                .invalid,
                "\(shown): the URL has no host and port, as in "
                    + "\(parts[0])://127.0.0.1:\(defaultPort)"
            )
        }
        self.host = host
        self.port = port
    }

    /// `host`, `host:port` or `[IPv6]:port`.
    private static func place(_ text: Substring, defaultPort: Int) -> (String, Int)? {
        var host = text
        var port = Substring()
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            port = rest.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { return nil }
        if port.isEmpty { return (String(host), defaultPort) }
        guard let number = Int(port), (1...65_535).contains(number) else { return nil }
        return (String(host), number)
    }

    /// `%41` is `A`; what is no such escape stays as it is.
    package static func decoded(_ text: some StringProtocol) -> String {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let digits = bytes[index...].dropFirst().prefix(2)
            if bytes[index] == UInt8(ascii: "%"), digits.count == 2,
                let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
