import Functions
import GitServer
import Testing

@Suite struct BackendRequestTests {
    @Test(arguments: [
        ("models.git", "models"), ("models", nil), (".git", nil), ("../x.git", nil),
        (".making-x.git", nil), ("a.b.git", nil),
    ])
    func `only the names of repositories lead to one`(part: String, name: String?) {
        #expect(BackendRequest.repository(inPath: part)?.description == name)
    }

    @Test func `the first request lists references`() throws {
        let name = try #require(FunctionName("models"))
        let request = BackendRequest(
            service: .push,
            isAdvertisement: true,
            repository: name,
            user: "ada"
        )

        let variables = request.variables(root: "/data/git")

        #expect(variables["REQUEST_METHOD"] == "GET")
        #expect(variables["PATH_INFO"] == "/models.git/info/refs")
        #expect(variables["QUERY_STRING"] == "service=git-receive-pack")
        #expect(variables["CONTENT_LENGTH"] == nil)
        #expect(variables["FAAS_TOKEN"] == nil)
    }

    @Test func `the second one carries what the first asked for`() throws {
        let name = try #require(FunctionName("models"))
        var request = BackendRequest(
            service: .fetch,
            isAdvertisement: false,
            repository: name,
            user: "ada"
        )
        request.contentEncoding = "gzip"
        request.protocolVersion = "version=2"
        request.key = "secret"

        let variables = request.variables(root: "/data/git")

        #expect(variables["REQUEST_METHOD"] == "POST")
        #expect(variables["PATH_INFO"] == "/models.git/git-upload-pack")
        #expect(variables["HTTP_CONTENT_ENCODING"] == "gzip")
        #expect(variables["GIT_PROTOCOL"] == "version=2")
        #expect(variables["FAAS_TOKEN"] == "secret")
    }

    @Test(arguments: ["version=2\n", "A=B", "", String(repeating: "a", count: 65)])
    func `a version of the protocol that is none is left out`(text: String) throws {
        let name = try #require(FunctionName("models"))
        var request = BackendRequest(
            service: .fetch,
            isAdvertisement: false,
            repository: name,
            user: "ada"
        )
        request.protocolVersion = text

        #expect(request.variables(root: "/")["GIT_PROTOCOL"] == nil)
    }

    @Test func `a key of the gateway's own is for an account that it knows`() {
        let keys = OwnKeys(accounts: ["ada", "bob"])

        #expect(keys.key(for: "ada") != keys.key(for: "bob"))
        #expect(keys.key(for: "eve") == nil)
        #expect(keys.all.map(\.account) == ["ada", "bob"])
        #expect(OwnKeys(accounts: ["ada"]).key(for: "ada") != keys.key(for: "ada"))
    }
}
