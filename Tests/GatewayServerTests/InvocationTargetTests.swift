import GatewayServer
import Testing

@Suite struct InvocationTargetTests {
    @Test(arguments: [
        ("/function/echo", "echo", "", nil),
        ("/function/echo/", "echo", "/", nil),
        ("/function/echo/a/b", "echo", "/a/b", nil),
        ("/function/echo?a=1&b=2", "echo", "", "a=1&b=2"),
        ("/function/echo/a?b", "echo", "/a", "b"),
        ("/function/echo?", "echo", "", ""),
        ("/function/echo?x=/y?z", "echo", "", "x=/y?z"),
        ("/function/e%20o/%2f", "e%20o", "/%2f", nil),
        ("/function/", "", "", nil),
        ("/function//x", "", "/x", nil),
        ("/function/?x", "", "", "x"),
    ])
    func `a target names its function, path and query`(
        uri: String,
        name: String,
        path: String,
        query: String?
    ) throws {
        let target = try #require(InvocationTarget(uri))

        #expect(target.name == name)
        #expect(String(target.path) == path)
        #expect(target.query.map(String.init) == query)
    }

    @Test(arguments: [
        "", "/", "*", "/function", "/functions/echo", "/Function/echo", "/v1/functions/echo",
        "/async-function/echo", "function/echo", "//function/echo", "/x/function/echo",
        "/functionx/", "/function%2fecho",
    ])
    func `any other target belongs to the routes behind`(uri: String) {
        #expect(InvocationTarget(uri) == nil)
    }
}
