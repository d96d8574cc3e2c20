/// One request, and how long it may take.
struct Request {
    var method: String
    /// With its query.
    var path: String
    var fields: [(name: String, value: String)] = []
    var body = RequestBody.none
    /// For the whole exchange; nil for no limit.
    var timeoutMillis: Int?
    /// How long nothing may arrive or leave; nil for no limit.
    var stallSeconds: Int?

    /// `path`, and `parameters` percent-encoded behind a `?`.
    static func path(
        _ path: String,
        parameters: [(name: String, value: String)]
    ) -> String {
        guard !parameters.isEmpty else { return path }
        let pairs = parameters.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
        return path + "?" + pairs.joined(separator: "&")
    }

    /// All but RFC 3986's unreserved characters as `%XX`.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.append(Character(Unicode.Scalar(byte)))
            default:
                encoded.append("%")
                encoded.append(digits[Int(byte >> 4)])
                encoded.append(digits[Int(byte & 15)])
            }
        }
    }
}
