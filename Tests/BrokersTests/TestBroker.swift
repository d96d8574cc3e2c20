import Foundation
import Functions
import Testing
import Triggers

/// A broker that the tests of one suite share: its server, and what a sender does with it.
protocol TestBroker: Sendable {
    /// Starts a server in a folder of its own.
    static func start() throws -> Self

    /// A driver whose leases are short.
    var driver: any BrokerDriver { get }
    /// How long a message stays with a consumer that says nothing, with this driver.
    var leaseMillis: Int { get }

    /// A new, empty stream or queue.
    func makePlace() throws -> BrokerSource
    /// Another consumer of the same place.
    func other(_ source: BrokerSource) -> BrokerSource
    /// Sends durably.
    func send(_ bodies: [String], to source: BrokerSource) throws

    func kill()
    /// Starts the server again, in the same folder and at the same port.
    func restart() throws
    func stop()
}

extension TestBroker {
    func connect(
        _ source: BrokerSource,
        capacity: Int = 100
    ) throws -> any BrokerConnection {
        try driver.connect(source, capacity: capacity, timeoutMillis: 10_000)
    }
}

/// Starts the suite's server before its first test, and stops it after the last.
struct WithServer<Broker: TestBroker>: SuiteTrait, TestScoping {
    let isRecursive = false

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        let broker = try Broker.start()
        defer { broker.stop() }
        try await Shared.$broker.withValue(broker) { try await function() }
    }
}

enum Shared {
    @TaskLocal static var broker: (any TestBroker)?

    static func get<Broker: TestBroker>(_: Broker.Type) throws -> Broker {
        try #require(broker as? Broker)
    }
}

/// A folder for a server's files, and the means to be rid of it.
struct ServerFolder: Sendable {
    let url: URL

    init() throws {
        url = URL.temporaryDirectory.appending(path: "brokers-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    var log: URL { url.appending(path: "server.log") }

    func remove() { try? FileManager.default.removeItem(at: url) }
}

/// A name that no other test uses.
func uniqueName() -> String {
    "t" + UUID().uuidString.replacingOccurrences(of: "-", with: "").prefix(12).lowercased()
}
