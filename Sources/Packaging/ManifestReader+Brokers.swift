import Functions

extension ManifestReader {
    /// What names a place in a broker, by its kind; of an unknown kind any of it.
    static func optionKeys(of kind: BrokerSource.Kind?) -> [String] {
        switch kind {
        case .nats: ["stream", "subject", "durable"]
        case .redis: ["stream", "group"]
        case .sqs: ["region"]
        case .amqp: ["queue"]
        case nil: ["stream", "subject", "durable", "group", "region", "queue"]
        }
    }

    static func broker(
        _ value: ManifestValue,
        _ section: ManifestSection,
        _ kind: BrokerSource.Kind?,
        of manifest: Manifest
    ) -> BrokerSource? {
        guard let text = value.text(allowed: BrokerURL.allowed), let url = url(text, value) else {
            return nil
        }
        var options: [String: String] = [:]
        for key in optionKeys(of: url.kind) {
            if let written = section[key] {
                options[key] = option(written, key, url.kind)
            } else if let fallback = fallback(for: key, url, manifest) {
                options[key] = fallback
            } else if key != "subject" {
                section.refuse(
                    "\(section.path) needs '\(key)', which \(url.kind.rawValue) asks for",
                    keys: "broker",
                    unless: false
                )
            }
        }
        return BrokerSource(kind: url.kind, url: text, options: options)
    }

    private static func url(_ text: String, _ value: ManifestValue) -> BrokerURL? {
        do {
            return try BrokerURL(text)
        } catch {
            value.fault(error.problem, allowed: error.allowed, nearest: error.nearest)
            return nil
        }
    }

    private static func fallback(
        for key: String,
        _ url: BrokerURL,
        _ manifest: Manifest
    ) -> String? {
        switch key {
        case "durable", "group": manifest.name
        case "region": url.region
        default: nil
        }
    }

    private static func option(
        _ value: ManifestValue,
        _ key: String,
        _ kind: BrokerSource.Kind
    ) -> String? {
        let rule: (allowed: String, isFine: (String) -> Bool)
        switch (kind, key) {
        case (.nats, "subject"):
            rule = ("words with '.' between, '*' for any one, '>' last for the rest", isSubject)
        case (.nats, _):
            rule = ("no spaces and none of . * > / \\", { !$0.contains { ".*>/\\".contains($0) } })
        case (.sqs, _):
            rule = (
                "a region such as eu-north-1",
                { $0.utf8.allSatisfy { isLowercase($0) || isDigit($0) || $0 == UInt8(ascii: "-") } }
            )
        case (.redis, _), (.amqp, _): rule = ("no spaces", { _ in true })
        }
        let bytesMax = ManifestLimits.brokerNameBytesMax
        guard let text = value.text(allowed: rule.allowed) else { return nil }
        guard (1...bytesMax).contains(text.utf8.count) else {
            value.fault("has \(text.utf8.count) bytes", allowed: "1 to \(bytesMax) bytes")
            return nil
        }
        guard text.unicodeScalars.allSatisfy(isVisible), rule.isFine(text) else {
            value.fault("is '\(text.prefix(80))'", allowed: rule.allowed)
            return nil
        }
        return text
    }

    private static func isSubject(_ text: String) -> Bool {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        return words.enumerated().allSatisfy { index, word in
            let isWildcard = word == "*" || word == ">" && index == words.count - 1
            return isWildcard || !word.isEmpty && !word.contains { $0 == "*" || $0 == ">" }
        }
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
    }

    private static func isLowercase(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
