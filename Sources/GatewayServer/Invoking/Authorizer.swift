package import GatewayAPI
import Packaging

/// Who may do what: with keys configured every request needs one, and a key sees its account's
/// functions.
package struct Authorizer: Sendable {
    private let accounts: [String: String]

    package init(keys: [APIKey]) {
        accounts = Dictionary(keys.map { ($0.digest, $0.account) }) { first, _ in first }
    }

    /// Nobody needs a key.
    package var isOpen: Bool { accounts.isEmpty }

    /// Nil when a request with this value of `Authorization` may use what belongs to `account`; nil
    /// for `account` asks for any account's key.
    package func refusal(authorization: String?, account: String?) -> Problem? {
        guard !isOpen else { return nil }
        guard let owner = self.account(authorization: authorization) else {
            return Problem(
                .unauthorized,
                detail: Self.key(authorization).map { !$0.isEmpty } ?? false
                    ? "The API key is not one of this gateway's; the command line takes it from "
                        + "FAAS_TOKEN."
                    : "Send the API key as `Authorization: Bearer KEY`; the command line takes it "
                        + "from FAAS_TOKEN."
            )
        }
        guard let account, account != owner else { return nil }
        return Problem(.forbidden, detail: "The function belongs to another account.")
    }

    /// The account whose key this is.
    package func account(authorization: String?) -> String? {
        guard let key = Self.key(authorization) else { return nil }
        // Keys are compared by digest, so that the time it takes says nothing about them.
        return accounts[SHA256.hexadecimal(of: Array(key.utf8))]
    }

    private static func key(_ authorization: String?) -> Substring? {
        guard let value = authorization, value.lowercased().hasPrefix("bearer ") else { return nil }
        return value.dropFirst(7)
    }
}
