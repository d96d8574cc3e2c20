package import Functions

/// A key that opens the gateway for an account, as far as it is kept: not the key itself.
package struct APIKey: Sendable, Hashable {
    /// SHA-256 of the key, 64 hexadecimal digits.
    package let hash: String
    package let account: Account
    /// For people, to tell keys apart.
    package let label: String
    /// Microseconds since 1970 UTC.
    package let createdAtMicros: Int64

    package init(hash: String, account: Account, label: String, createdAtMicros: Int64) {
        self.hash = hash
        self.account = account
        self.label = label
        self.createdAtMicros = createdAtMicros
    }
}
