import GatewayAPI
import GatewayServer
import Packaging
import Testing

@Suite struct AuthorizerTests {
    private static func key(_ text: String, _ account: String) -> APIKey {
        APIKey(account: account, digest: SHA256.hexadecimal(of: Array(text.utf8)))
    }

    private let authorizer = Authorizer(keys: [key("one", "a"), key("two", "b")])

    private func code(_ authorization: String?, _ account: String?) -> ProblemCode? {
        authorizer.refusal(authorization: authorization, account: account)?.knownCode
    }

    @Test func `without keys anybody may do anything`() {
        let open = Authorizer(keys: [])

        #expect(open.isOpen)
        #expect(open.refusal(authorization: nil, account: "a") == nil)
        #expect(open.refusal(authorization: "Bearer nonsense", account: "a") == nil)
    }

    @Test func `a key is its account's and no other's`() {
        #expect(!authorizer.isOpen)
        #expect(code("Bearer one", "a") == nil)
        #expect(code("Bearer two", "b") == nil)
        #expect(code("Bearer one", "b") == .forbidden)
        #expect(code("Bearer one", nil) == nil)
        #expect(authorizer.account(authorization: "Bearer two") == "b")
    }

    @Test(arguments: ["bearer one", "BEARER one", "Bearer one"])
    func `the scheme's case does not matter`(value: String) {
        #expect(code(value, "a") == nil)
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "one", "Basic one", "Bearer One", "Bearer one ",
        "Bearer  one",
        "Bearer onetwo", "Token one", "Bearer \u{0}one", "Bearer ᵒne",
    ])
    func `anything that is no key is asked for one`(value: String?) {
        #expect(code(value, "a") == .unauthorized)
        #expect(code(value, nil) == .unauthorized)
        #expect(authorizer.account(authorization: value) == nil)
    }

    @Test func `a key that is nobody's is told from no key`() {
        let wrong = authorizer.refusal(authorization: "Bearer three", account: nil)
        let none = authorizer.refusal(authorization: "Bearer ", account: nil)

        #expect(wrong?.detail?.contains("not one of this gateway's") == true)
        #expect(none?.detail?.hasPrefix("Send the API key") == true)
    }

    @Test func `a key's digest is no key`() {
        let digest = SHA256.hexadecimal(of: Array("one".utf8))

        #expect(code("Bearer \(digest)", "a") == .unauthorized)
    }
}
