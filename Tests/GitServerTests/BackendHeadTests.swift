import GitServer
import Testing

@Suite struct BackendHeadTests {
    @Test func `a head ends at an empty line`() {
        let bytes = Array("Content-Type: text/plain\r\n\r\nbody".utf8)

        #expect(BackendHead.end(in: bytes) == bytes.count - 4)
        #expect(BackendHead.end(in: Array(bytes.dropLast(6))) == nil)
        #expect(BackendHead.end(in: Array("A: b\n\nbody".utf8)) == 6)
    }

    @Test func `the status is a field of its own, and 200 without it`() {
        let head = BackendHead("Status: 404 Not Found\r\nExpires: never\r\n\r\n".utf8)

        #expect(head?.status == 404)
        #expect(head?.fields.map(\.name) == ["expires"])
        #expect(BackendHead("A: b\r\n\r\n".utf8)?.status == 200)
    }

    @Test func `what concerns a connection is not passed on`() {
        let head = BackendHead("Connection: close\r\nTransfer-Encoding: chunked\r\nX: y\r\n".utf8)

        #expect(head?.fields.map(\.value) == ["y"])
    }

    @Test(arguments: [
        "no colon\r\n\r\n", ": nothing\r\n\r\n", "A b: c\r\n\r\n", "Status: soon\r\n\r\n",
        "Status: 99\r\n\r\n",
    ])
    func `what is no head is refused`(text: String) {
        #expect(BackendHead(text.utf8) == nil)
    }

    @Test func `a head of too many fields is refused`() {
        let line = "A: b\r\n"
        let most = GitServerLimits.headFieldsMax

        #expect(BackendHead(String(repeating: line, count: most).utf8) != nil)
        #expect(BackendHead(String(repeating: line, count: most + 1).utf8) == nil)
    }
}
