import GatewayServer
import Packaging

/// Two keys, one of the account that owns the functions of these tests.
struct APIKeyFixture {
    let localText = "local-key"
    let otherText = "other-key"

    var local: APIKey { key(localText, account: "local") }
    var other: APIKey { key(otherText, account: "other") }

    private func key(_ text: String, account: String) -> APIKey {
        APIKey(account: account, digest: SHA256.hexadecimal(of: Array(text.utf8)))
    }
}
