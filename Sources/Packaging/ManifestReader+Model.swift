import Functions

extension ManifestReader {
    private static let sourceAllowed = "file:///PATH, https://HOST/PATH, s3://BUCKET/KEY"
    private static let schemes = ["file", "http", "https", "s3"]
    private static let digestAllowed = "64 of 0-9 and a-f, as sha256sum prints them"

    /// Nil unless the manifest names weights, or after faults.
    static func model(_ top: ManifestSection) -> Manifest.ModelFile? {
        guard let section = top.section("model", keys: ["source", "sha256"]) else { return nil }
        if section["source"] == nil {
            top.faults.add("model needs 'source'", at: section.mark, allowed: sourceAllowed)
        }
        if section["sha256"] == nil {
            top.faults.add("model needs 'sha256'", at: section.mark, allowed: digestAllowed)
        }
        let source = section["source"].flatMap(modelSource)
        let digest = section["sha256"].flatMap(modelDigest)
        guard let source, let digest else { return nil }
        return Manifest.ModelFile(source: source, sha256: digest)
    }

    private static func modelDigest(_ value: ManifestValue) -> String? {
        guard let text = value.text(allowed: digestAllowed) else { return nil }
        let digits = text.utf8
        let isLower = digits.allSatisfy {
            isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard digits.count == ManifestLimits.digestLength, isLower else {
            let lower = text.lowercased()
            let isOnlyLarge =
                digits.count == ManifestLimits.digestLength && lower.allSatisfy(\.isHexDigit)
            value.fault(
                digits.count == ManifestLimits.digestLength
                    ? "is '\(text)', not a digest" : "has \(digits.count) characters",
                allowed: digestAllowed,
                nearest: isOnlyLarge ? lower : nil
            )
            return nil
        }
        return text
    }

    /// What is wrong is told without the URL, which may hold a key.
    private static func modelSource(_ value: ManifestValue) -> String? {
        guard let text = value.text(allowed: sourceAllowed) else { return nil }
        let bytesMax = ManifestLimits.modelSourceBytesMax
        guard text.utf8.count <= bytesMax else {
            value.fault("has \(text.utf8.count) bytes", allowed: "up to \(bytesMax) bytes")
            return nil
        }
        guard text.utf8.allSatisfy({ $0 > UInt8(ascii: " ") && $0 != 0x7F }) else {
            value.fault("has a space or a control character; use %XX for it")
            return nil
        }
        guard let mark = text.firstRange(of: "://") else {
            value.fault(
                "is not a URL",
                allowed: sourceAllowed,
                nearest: text.hasPrefix("/") ? "file://\(text.prefix(200))" : nil
            )
            return nil
        }
        let scheme = String(text[..<mark.lowerBound])
        guard schemes.contains(scheme) else {
            value.fault(
                "begins with '\(scheme.prefix(40))://'",
                allowed: sourceAllowed,
                nearest: NearestWord.of(scheme, among: schemes).map { "\($0)://" }
            )
            return nil
        }
        guard hasPlace(text[mark.upperBound...], scheme), isFileName(ofModel: text) else {
            value.fault("names no file", allowed: sourceAllowed)
            return nil
        }
        return text
    }

    /// Whether a host or bucket, none for a file, and a path are behind the scheme.
    private static func hasPlace(_ rest: Substring, _ scheme: String) -> Bool {
        let path = rest.prefix { $0 != "?" && $0 != "#" }
        guard let slash = path.firstIndex(of: "/"), !path.hasSuffix("/") else { return false }
        let isAtFront = slash == path.startIndex
        return scheme == "file" ? isAtFront : !isAtFront
    }

    /// Whether the last part can be the name of a file in a sandbox.
    private static func isFileName(ofModel source: String) -> Bool {
        let name = Manifest.ModelFile(source: source, sha256: "").fileName
        return (1...ManifestLimits.fileNameBytesMax).contains(name.utf8.count) && name != "."
            && name != ".."
    }
}
