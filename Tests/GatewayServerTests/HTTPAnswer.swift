import FoundationEssentials
import GatewayAPI

/// One answer as a client reads it off the connection.
struct HTTPAnswer: Sendable, Equatable {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    var version: String
    var status: Int
    var reason: String
    /// In their order, names in lower case.
    var fields: [Field]
    var body: String
    /// The pieces of a body that came in chunks; nil when it had a length.
    var chunks: [String]?

    struct Field: Sendable, Equatable {
        var name: String
        var value: String
    }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// The problem document that the body is.
    func problem() throws -> Problem {
        try JSONDecoder().decode(Problem.self, from: Data(body.utf8))
    }

    var code: String? { try? problem().code }
}

/// Cuts what comes on a connection into answers; strict about how they are framed.
struct HTTPAnswerParser {
    private var bytes: [UInt8] = []

    /// Bytes after the last whole answer.
    var rest: String { String(decoding: bytes, as: UTF8.self) }

    mutating func feed(_ bytes: some Collection<UInt8>) { self.bytes += bytes }

    /// The next whole answer, or nil until more is fed; `isClosed` says that nothing more comes,
    /// which ends a body without a length.
    mutating func next(isClosed: Bool = false) throws(HTTPAnswer.Fault) -> HTTPAnswer? {
        guard let head = Self.split(bytes[...], at: "\r\n\r\n") else { return nil }
        var answer = try Self.head(head.before)
        var rest = head.after
        if let length = answer["content-length"] {
            guard answer["transfer-encoding"] == nil, let count = Int(length), count >= 0 else {
                throw HTTPAnswer.Fault(description: "an answer is framed twice")
            }
            guard rest.count >= count else { return nil }
            answer.body = String(decoding: rest.prefix(count), as: UTF8.self)
            rest = rest.dropFirst(count)
        } else if answer["transfer-encoding"] == "chunked" {
            guard let (chunks, after) = try Self.chunks(rest) else { return nil }
            answer.chunks = chunks
            answer.body = chunks.joined()
            rest = after
        } else if answer.status >= 200, answer.status != 204, answer.status != 304 {
            guard isClosed else { return nil }
            answer.body = String(decoding: rest, as: UTF8.self)
            rest = []
        }
        bytes = Array(rest)
        return answer
    }

    private static func head(_ bytes: ArraySlice<UInt8>) throws(HTTPAnswer.Fault) -> HTTPAnswer {
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count == 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw HTTPAnswer.Fault(description: "no status line: \(lines[0])")
        }
        var fields: [HTTPAnswer.Field] = []
        for line in lines.dropFirst() {
            guard let match = line.wholeMatch(of: /([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([^\r\n]*)/)
            else {
                throw HTTPAnswer.Fault(description: "no header field: \(line)")
            }
            fields.append(.init(name: match.1.lowercased(), value: String(match.2)))
        }
        return HTTPAnswer(
            version: words[0],
            status: status,
            reason: words[2],
            fields: fields,
            body: ""
        )
    }

    private static func chunks(
        _ bytes: ArraySlice<UInt8>
    ) throws(HTTPAnswer.Fault) -> ([String], ArraySlice<UInt8>)? {
        var chunks: [String] = []
        var rest = bytes
        while let line = split(rest, at: "\r\n") {
            let text = String(decoding: line.before, as: UTF8.self)
            guard let count = Int(text, radix: 16), count >= 0 else {
                throw HTTPAnswer.Fault(description: "no chunk: \(text)")
            }
            guard line.after.count >= count + 2 else { return nil }
            let end = line.after.dropFirst(count)
            guard end.starts(with: "\r\n".utf8) else {
                throw HTTPAnswer.Fault(description: "a chunk of \(count) bytes does not end there")
            }
            if count == 0 { return (chunks, end.dropFirst(2)) }
            chunks.append(String(decoding: line.after.prefix(count), as: UTF8.self))
            rest = end.dropFirst(2)
        }
        return nil
    }

    private static func split(
        _ bytes: ArraySlice<UInt8>,
        at mark: String
    ) -> (before: ArraySlice<UInt8>, after: ArraySlice<UInt8>)? {
        guard let range = bytes.firstRange(of: Array(mark.utf8)) else { return nil }
        return (bytes[..<range.lowerBound], bytes[range.upperBound...])
    }
}
