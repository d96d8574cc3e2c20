import Functions
import GatewayAPI
import GatewayServer
import Glibc
import NIOCore
import Testing

struct FunctionLogsLimitTests {
    @Test func `a line that is too long is cut between characters`() async throws {
        var limits = FunctionLogLimits()
        limits.lineBytesMax = 4
        try await withLogs(limits) { fixture in
            fixture.print("abcd\nabcdef\nabcü\n")
            #expect(fixture.texts() == ["abcd", "abcd [2 bytes cut]", "abc [2 bytes cut]"])
        }
    }

    @Test func `a log has two files and neither grows beyond its limit`() async throws {
        var limits = FunctionLogLimits()
        limits.fileBytesMax = 4_096
        try await withLogs(limits) { fixture in
            for number in 0..<300 {
                fixture.print("line \(number)\n")
                // Has it written, so that the file is put aside between lines and not between
                // batches.
                if number % 10 == 9 { _ = fixture.texts(tail: 0) }
            }

            let texts = fixture.texts(tail: 1_000)

            #expect(texts == (300 - texts.count..<300).map { "line \($0)" })
            #expect(texts.count > 30)
            for name in ["echo.ndjson", "echo.1.ndjson"] {
                let bytes = try #require(size(of: fixture.file(name)))
                #expect(bytes <= 4_096)
            }
        }
    }

    @Test func `a function that floods loses its own lines and is told how many`() async throws {
        var limits = FunctionLogLimits()
        limits.functionBytesMax = 1_000
        limits.lingerMillis = 300
        try await withLogs(limits) { fixture in
            let other = try FunctionLogsFixture.revision("other")
            for _ in 0..<100 { fixture.print(String(repeating: "x", count: 99) + "\n") }
            fixture.logs.append(
                other,
                invocation: nil,
                level: "stdout",
                text: ByteBuffer(string: "here\n")
            )

            let texts = fixture.texts()

            #expect(texts.count == 11)
            #expect(texts.last == "90 lines were lost: there was no room for them")
            #expect(fixture.logs.lostLines == 90)
            #expect(
                fixture.logs.read(function: other.function, tail: 5).map(\.text) == ["here"]
            )
        }
    }

    @Test func `short lines are bounded by their number`() async throws {
        var limits = FunctionLogLimits()
        limits.functionLinesMax = 100
        try await withLogs(limits) { fixture in
            fixture.print(String(repeating: "\n", count: 150))

            #expect(fixture.texts().last == "50 lines were lost: there was no room for them")
            #expect(fixture.texts(tail: 1_000).count == 101)
        }
    }

    @Test func `lines that cannot be written are counted and said to be missing later`()
        async throws
    {
        try await withLogs { fixture in
            // A file where the folder should be.
            close(open("\(fixture.folder)/logs", O_CREAT | O_WRONLY, 0o600))
            fixture.print("gone\ngone too\n")
            #expect(fixture.texts().isEmpty)
            #expect(fixture.logs.lostLines == 2)
            unlink("\(fixture.folder)/logs")

            fixture.print("here\n")

            #expect(
                fixture.texts() == ["2 lines were lost: there was no room for them", "here"]
            )
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting needs root"))
    func `a full disk leaves whole lines behind`() async throws {
        try await withLogs { fixture in
            let folder = "\(fixture.folder)/logs"
            mkdir(folder, 0o700)
            try #require(mount("tmpfs", folder, "tmpfs", 0, "size=64k") == 0)
            defer { umount2(folder, Int32(MNT_DETACH)) }

            for number in 0..<40 {
                fixture.print(String(repeating: "\(number % 10)", count: 4_000) + "\n")
                _ = fixture.texts(tail: 0)
            }

            let texts = fixture.texts()
            // The disk has room for 16 lines of 4,000 bytes and what stands around each.
            #expect(texts.count == 16)
            #expect(texts.allSatisfy { $0.utf8.count == 4_000 })
            #expect(fixture.logs.lostLines == 24)
        }
    }
}
