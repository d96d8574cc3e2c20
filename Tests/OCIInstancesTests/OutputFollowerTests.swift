import Foundation
import OCIInstances
import Synchronization
import Testing

/// Follows a file that a program has written whole.
private func lines(of text: String) throws -> (lines: [String], lastError: String) {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/log"))
    let told = TellTale()
    let follower = OutputFollower(path: "\(folder.path)/log") { told.take($0) }
    follower.finish()
    return (told.lines, follower.lastError)
}

private final class TellTale: Sendable {
    private let taken = Mutex<[String]>([])

    var lines: [String] { taken.withLock { $0 } }

    func take(_ line: String) { taken.withLock { $0.append(line) } }
}

@Suite struct OutputFollowerTests {
    @Test func `lines come one by one, the last one without its end too`() throws {
        let found = try lines(of: "one\n\nERROR: zwölf\nlast")

        #expect(found.lines == ["one", "ERROR: zwölf", "last"])
        #expect(found.lastError == "ERROR: zwölf")
    }

    @Test func `output without a line break comes in pieces, and none of it is kept`() throws {
        let pieceBytes = OutputFollower.lineBytesMax
        let found = try lines(of: String(repeating: "x", count: 160 * pieceBytes) + "y\nend\n")

        #expect(found.lines.count == 162)
        #expect(found.lines.prefix(160).allSatisfy { $0.utf8.count == pieceBytes })
        #expect(found.lines.suffix(2) == ["y", "end"])
    }

    @Test func `what comes late in a long output is told`() throws {
        let filler = String(repeating: "some words of a compiler\n", count: 200_000)

        let found = try lines(of: filler + "ERROR: the reason\n")

        #expect(found.lastError == "ERROR: the reason")
        #expect(found.lines.last == "ERROR: the reason")
    }
}
