import Foundation
import Glibc

/// A server of a test's own: a program with a process group of its own, ended by that group.
final class ServerProgram: Sendable {
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    static let readyMillisMax = 90_000
    private static let pauseMillis: Int32 = 20

    let process: pid_t

    /// Starts it with what it prints in `log`.
    init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        log: URL
    ) throws {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 1, log.path, flags, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var variables = all.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var process: pid_t = 0
        let status = posix_spawn(&process, program, &actions, &attributes, &words, &variables)
        guard status == 0 else { throw Fault(description: "\(program): error \(status)") }
        self.process = process
    }

    /// Ends it and all that it started, without a chance to tidy up.
    func kill() {
        _ = Glibc.kill(-process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    /// The path of a program, looked for in `folders` after those of PATH.
    static func path(of name: String, in folders: [String] = []) -> String? {
        let searched = (ProcessInfo.processInfo.environment["PATH"] ?? "")
            .split(separator: ":").map(String.init)
        return (searched + ["/usr/sbin", "/usr/bin"] + folders).map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(socket, pointer, length) == 0 else { return Int32(-1) }
                return getsockname(socket, pointer, &length)
            }
        }
        guard status == 0 else { throw Fault(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Waits until something listens.
    func waitForPort(_ port: Int) throws {
        try wait("port \(port)") {
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            var address = Self.loopback(port)
            return withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    connect(socket, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
    }

    /// Waits until `isReady`, which is asked again and again.
    func wait(_ what: String, until isReady: () -> Bool) throws {
        let start = ContinuousClock.now
        while !isReady() {
            guard ContinuousClock.now - start < .milliseconds(Self.readyMillisMax),
                Glibc.kill(process, 0) == 0
            else { throw Fault(description: "no \(what)") }
            // The server says nothing when it is ready: it can only be asked again.
            poll(nil, 0, Self.pauseMillis)
        }
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
