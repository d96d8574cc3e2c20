import GRDB
import Glibc
import Storage
import Testing

@Suite struct KillTests {
    @Test func `every row that was acknowledged is there after kill -9`() async throws {
        let folder = try TemporaryFolder()
        let path = folder("billing.sqlite")
        var acknowledged = Set<String>()

        for _ in 0..<20 {
            let child = try Child(["--until-killed", path])
            let ids = child.lines(killingAfter: .random(in: 1...400))
            #expect(!ids.isEmpty)
            acknowledged.formUnion(ids)

            let (found, state) = try await DatabaseQueue(path: path).read { database in
                (
                    try String.fetchSet(database, sql: "SELECT id FROM usageRecord"),
                    try String.fetchOne(database, sql: "PRAGMA integrity_check")
                )
            }
            #expect(acknowledged.isSubset(of: found))
            #expect(state == "ok")
        }
    }
}

/// The benchmark's program, which lies beside the tests.
private struct Child {
    private let process: pid_t
    private let output: Int32

    init(_ arguments: [String]) throws {
        let program = try Self.folder() + "/LedgerBenchmark"
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw TemporaryFolder.Failure(what: "pipe") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        let words: [UnsafeMutablePointer<CChar>?] =
            ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process = pid_t()
        let code = posix_spawn(&process, program, &actions, nil, words, environ)
        close(ends[1])
        output = ends[0]
        self.process = process
        guard code == 0 else { throw TemporaryFolder.Failure(what: "spawning \(program)") }
    }

    /// Kills the process after so many lines, and returns those and what it had printed besides.
    func lines(killingAfter count: Int) -> [String] {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        var isKilled = false
        while true {
            let bytes = read(output, &buffer, buffer.count)
            guard bytes > 0 else { break }
            text += buffer[..<bytes]
            if !isKilled, text.count >= count * 37 {
                kill(process, SIGKILL)
                isKilled = true
            }
        }
        close(output)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        // A line that lacks its end was not acknowledged.
        return text.split(separator: UInt8(ascii: "\n"))
            .filter { $0.count == 36 }.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func folder() throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { throw TemporaryFolder.Failure(what: "readlink") }
        let path = buffer[..<count].map { UInt8(bitPattern: $0) }
        let end = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return String(decoding: path[..<end], as: UTF8.self)
    }
}
