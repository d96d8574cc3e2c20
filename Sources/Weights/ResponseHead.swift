/// The status and header fields of one answer, line by line as libcurl gives them.
struct ResponseHead: Sendable {
    private(set) var status = 0
    /// Of this answer's body, which may be a part of the file.
    private(set) var contentLength: Int64?
    /// Where in the file the body begins, by `Content-Range`.
    private(set) var rangeStart: Int64?
    /// The size of the whole file, by `Content-Range`.
    private(set) var rangeTotal: Int64?
    /// Where S3 says that the bucket is.
    private(set) var bucketRegion: String?
    /// All lines are here.
    private(set) var isWhole = false

    /// Takes a line; true for the one that ends the header, once an answer.
    mutating func take(_ line: String) -> Bool {
        if line.hasPrefix("HTTP/") {
            self = ResponseHead()
            let words = line.split(separator: " ", maxSplits: 2)
            status = words.count > 1 ? Int(words[1].prefix(3)) ?? 0 : 0
            return false
        }
        // What comes after the body are trailers.
        guard !isWhole else { return false }
        guard let colon = line.firstIndex(of: ":") else {
            isWhole = line.allSatisfy(\.isWhitespace)
            return isWhole
        }
        let value = Self.trimmed(line[line.index(after: colon)...])
        switch line[..<colon].lowercased() {
        case "content-length": contentLength = Int64(value)
        case "content-range": readRange(value)
        case "x-amz-bucket-region": bucketRegion = String(value)
        default: break
        }
        return false
    }

    /// `bytes 100-199/200`, `bytes 100-199/*` or `bytes */200`.
    private mutating func readRange(_ text: Substring) {
        let parts = text.drop { $0 != " " }.dropFirst().split(separator: "/")
        guard text.lowercased().hasPrefix("bytes "), parts.count == 2 else { return }
        rangeStart = Int64(parts[0].prefix { $0 != "-" })
        rangeTotal = Int64(parts[1])
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
