package import Functions

/// Who may use which repository.
package struct GitAccess: Sendable {
    /// No keys are configured, and nobody needs one.
    package let isOpen: Bool
    /// The account whose API key this is.
    package let account: @Sendable (_ key: String) -> Account?
    /// A key of the gateway's own for an account, for what it does by itself; nil where none is
    /// needed.
    package let ownKey: @Sendable (_ account: Account) -> String?

    package init(
        isOpen: Bool,
        account: @escaping @Sendable (_ key: String) -> Account?,
        ownKey: @escaping @Sendable (_ account: Account) -> String?
    ) {
        self.isOpen = isOpen
        self.account = account
        self.ownKey = ownKey
    }
}

/// Keys that live as long as the gateway's process, one for each account.
package struct OwnKeys: Sendable {
    private let secret: String
    private let accounts: Set<String>

    package init(accounts: some Sequence<String>) {
        var generator = SystemRandomNumberGenerator()
        secret = (0..<4).map { _ in String(generator.next(), radix: 36) }.joined()
        self.accounts = Set(accounts)
    }

    /// What the gateway must take as keys besides those that are configured.
    package var all: [(account: String, key: String)] {
        accounts.sorted().map { ($0, text($0)) }
    }

    /// Nil for an account that is not known.
    package func key(for account: String) -> String? {
        accounts.contains(account) ? text(account) : nil
    }

    private func text(_ account: String) -> String { "\(secret).\(account)" }
}
