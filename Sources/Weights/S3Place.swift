import CCurlShim

/// An object of S3, or of a server that speaks its protocol.
struct S3Place: Sendable {
    let request: WebRequest

    /// Takes keys, region and endpoint from the variables that all tools for S3 read.
    ///
    /// - Throws: `.sourceInvalid`, `.sourceRefused`, with what is missing.
    init(_ source: String, _ environment: (String) -> String?) throws(WeightsError) {
        func set(_ names: String...) -> String? {
            names.lazy.compactMap(environment).first { !$0.isEmpty }
        }
        let rest = source.dropFirst("s3://".count)
        let bucket = String(rest.prefix { $0 != "/" })
        let key = rest.dropFirst(bucket.count + 1)
        guard source.lowercased().hasPrefix("s3://"), Self.isBucket(bucket), !key.isEmpty else {
            throw WeightsError(.sourceInvalid, "\(source) is not s3://BUCKET/KEY")
        }
        guard let id = set("AWS_ACCESS_KEY_ID"), let secret = set("AWS_SECRET_ACCESS_KEY") else {
            throw WeightsError(
                .sourceRefused,
                "\(source): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the gateway's "
                    + "environment"
            )
        }
        let endpoint = set("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
        let named = set("AWS_REGION", "AWS_DEFAULT_REGION")
        guard let region = named ?? endpoint.map({ _ in "us-east-1" }), Self.isWord(region) else {
            throw WeightsError(
                .sourceRefused,
                "\(source): set AWS_REGION in the gateway's environment, as in eu-north-1"
            )
        }
        let host = Self.host(of: bucket, region: region, endpoint: endpoint)
        var request = try WebRequest(url: "\(host)/\(Self.encoded(key))")
        request.signature = WebRequest.Signature(
            region: region,
            key: id,
            secret: secret,
            sessionToken: set("AWS_SESSION_TOKEN")
        )
        self.request = request
    }

    /// The URL of the bucket, without a slash at its end.
    private static func host(of bucket: String, region: String, endpoint: String?) -> String {
        if let endpoint {
            return "\(endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint)/\(bucket)"
        }
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        // The certificate of S3 is for one label before its own name.
        return bucket.contains(".")
            ? "https://s3.\(region).\(domain)/\(bucket)"
            : "https://\(bucket).s3.\(region).\(domain)"
    }

    private static func isBucket(_ name: String) -> Bool {
        (3...63).contains(name.utf8.count) && name != ".." && isWord(name)
    }

    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { isUnreserved($0) && $0 != UInt8(ascii: "~") }
    }

    /// As the signature has it: all but unreserved characters and slashes are percent-encoded.
    ///
    /// What the manifest's author has percent-encoded already stays.
    private static func encoded(_ key: Substring) -> String {
        let digits = Array("0123456789ABCDEF")
        return key.utf8.reduce(into: "") { text, byte in
            if isUnreserved(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "%") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }
}
