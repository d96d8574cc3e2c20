#if Redis
import Brokers
import Foundation
import Functions
import Synchronization
import Triggers

/// A `redis-server` whose log is written through before each answer.
final class RedisBroker: TestBroker {
    static let program = ServerProgram.path(of: "redis-server")
    static let password = "open-sesame"

    let driver: any BrokerDriver = RedisDriver(leaseMillis: 1_200)
    let leaseMillis = 1_200
    let port: Int
    private let folder: ServerFolder
    private let server = Mutex<ServerProgram?>(nil)

    private init() throws {
        folder = try ServerFolder()
        port = try ServerProgram.freePort()
        try restart()
    }

    static func start() throws -> RedisBroker { try RedisBroker() }

    func restart() throws {
        guard let program = Self.program else { return }
        let started = try ServerProgram(
            program,
            [
                "--bind", "127.0.0.1", "--port", "\(port)", "--dir", folder.url.path,
                "--requirepass", Self.password, "--appendonly", "yes", "--appendfsync", "always",
                "--save", "",
            ],
            log: folder.log
        )
        try started.waitForPort(port)
        try started.wait("loaded data") {
            (try? RedisLink(source(), timeoutMillis: 1_000)) != nil
        }
        server.withLock { $0 = started }
    }

    func kill() {
        server.withLock {
            $0?.kill()
            $0 = nil
        }
    }

    func stop() {
        kill()
        folder.remove()
    }

    func source(password: String = password, options: [String: String] = [:]) -> BrokerSource {
        BrokerSource(
            kind: .redis,
            url: "redis://:\(password)@127.0.0.1:\(port)/0",
            options: options
        )
    }

    func makePlace() throws -> BrokerSource {
        source(options: ["stream": uniqueName(), "group": "readers"])
    }

    func other(_ source: BrokerSource) -> BrokerSource {
        var other = source
        other.options["consumer"] = "other"
        return other
    }

    func send(_ bodies: [String], to source: BrokerSource) throws {
        let link = try RedisLink(source, timeoutMillis: 5_000)
        for body in bodies {
            _ = try link.command(["XADD", source.options["stream"] ?? "", "*", "body", body])
        }
    }
}
#endif
