import CCrypto

/// Signs what is posted by the scheme of Standard Webhooks
/// (https://github.com/standard-webhooks/standard-webhooks): its symmetric signature, version 1.
package struct CallbackSignature: Sendable {
    private let secret: [UInt8]

    package init(secret: [UInt8]) { self.secret = secret }

    /// Signs `body` as sent at `unixSeconds`, which lets the receiver refuse what is old.
    ///
    /// - Returns: The header fields; nil when libcrypto has no HMAC-SHA256.
    package func fields(
        id: String,
        unixSeconds: Int64,
        body: [UInt8]
    ) -> [(name: String, value: String)]? {
        let signed = Array("\(id).\(unixSeconds).".utf8) + body
        guard let code = authenticationCode(of: signed) else { return nil }
        return [
            ("webhook-id", id),
            ("webhook-timestamp", String(unixSeconds)),
            ("webhook-signature", "v1,\(Base64.encode(code))"),
        ]
    }

    /// HMAC-SHA256 (RFC 2104).
    private func authenticationCode(of bytes: [UInt8]) -> [UInt8]? {
        var code = [UInt8](repeating: 0, count: 32)
        var count = 0
        let end = EVP_Q_mac(
            nil,
            "HMAC",
            nil,
            "SHA256",
            nil,
            secret,
            secret.count,
            bytes,
            bytes.count,
            &code,
            code.count,
            &count
        )
        return end != nil && count == code.count ? code : nil
    }
}

/// Base64 with padding (RFC 4648, section 4), by libcrypto.
package enum Base64 {
    /// Bytes encoded at a time: a multiple of 3, so that only the last piece is padded.
    private static let pieceBytes = 3 << 20

    package static func encode(_ bytes: [UInt8]) -> String {
        var text = ""
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let piece = bytes[start..<min(start + pieceBytes, bytes.count)]
            // libcrypto writes a zero after it.
            var encoded = [UInt8](repeating: 0, count: (piece.count + 2) / 3 * 4 + 1)
            let count = piece.withUnsafeBufferPointer { source in
                EVP_EncodeBlock(&encoded, source.baseAddress, Int32(source.count))
            }
            text += String(decoding: encoded.prefix(Int(count)), as: UTF8.self)
        }
        return text
    }

    /// Nil when `text` is anything else.
    package static func decode(_ text: String) -> [UInt8]? {
        let encoded = Array(text.utf8)
        guard encoded.count <= pieceBytes, encoded.count.isMultiple(of: 4) else { return nil }
        var bytes = [UInt8](repeating: 0, count: encoded.count / 4 * 3)
        let count = EVP_DecodeBlock(&bytes, encoded, Int32(encoded.count))
        guard count == bytes.count else { return nil }
        // libcrypto counts the padding's zeros.
        let padding = encoded.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        return Array(bytes.dropLast(padding))
    }
}
