import Functions
import Triggers

extension BrokerSource {
    /// An option that the broker needs; `example` shows one.
    func required(_ key: String, example: String) throws(BrokerError) -> String {
        guard let value = options[key], !value.isEmpty, !value.utf8.contains(0) else {
            throw BrokerError(.invalid, "\(shownURL): `\(key):` is missing, as in `\(example)`")
        }
        return value
    }
}

extension BrokerError {
    /// A library's or broker's own words, short enough to quote, without `secret`.
    static func quote(_ text: String, without secret: String?) -> String {
        var quoted = String(text.prefix(BrokerLimits.quoteLengthMax))
        if let secret, !secret.isEmpty {
            quoted = quoted.split(separator: secret, omittingEmptySubsequences: false)
                .joined(separator: "***")
        }
        return String(quoted.map { $0.isNewline ? " " : $0 })
    }
}
