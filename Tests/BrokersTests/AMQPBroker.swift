#if AMQP
import Brokers
import CRabbitMQ
import Foundation
import Functions
import Synchronization
import Testing
import Triggers

/// A RabbitMQ node of its own, with a name server of Erlang's for it alone.
final class AMQPBroker: TestBroker {
    /// The program itself: the one on the PATH changes to a user of the system's.
    static let program = ServerProgram.path(of: "rabbitmq-server", in: ["/usr/lib/rabbitmq/bin"])
        .map { found in
            let plain = "/usr/lib/rabbitmq/bin/rabbitmq-server"
            return FileManager.default.isExecutableFile(atPath: plain) ? plain : found
        }
    static let names = ServerProgram.path(of: "epmd")
    static let confirmMillis: Int64 = 20_000

    let driver: any BrokerDriver = AMQPDriver(heartbeatSeconds: 1)
    let leaseMillis = 1_000
    let port: Int
    private let distributionPort: Int
    private let namesPort: Int
    private let folder: ServerFolder
    private let server = Mutex<ServerProgram?>(nil)
    private let nameServer = Mutex<ServerProgram?>(nil)

    private init() throws {
        folder = try ServerFolder()
        port = try ServerProgram.freePort()
        distributionPort = try ServerProgram.freePort()
        namesPort = try ServerProgram.freePort()
        guard let names = Self.names else { return }
        let started = try ServerProgram(
            names,
            ["-port", "\(namesPort)", "-address", "127.0.0.1"],
            log: folder.log
        )
        try started.waitForPort(namesPort)
        nameServer.withLock { $0 = started }
        try restart()
    }

    static func start() throws -> AMQPBroker { try AMQPBroker() }

    func restart() throws {
        guard let program = Self.program else { return }
        let started = try ServerProgram(program, [], environment: environment, log: folder.log)
        try started.waitForPort(port)
        try started.wait("let in") {
            (try? AMQPLink(source(queue: ""), heartbeatSeconds: 10, timeoutMillis: 2_000)) != nil
        }
        server.withLock { $0 = started }
    }

    private var environment: [String: String] {
        let files = folder.url.path
        return [
            "HOME": files,
            "ERL_EPMD_PORT": "\(namesPort)",
            "RABBITMQ_NODENAME": "test\(port)@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": "\(port)",
            "RABBITMQ_DIST_PORT": "\(distributionPort)",
            "RABBITMQ_MNESIA_BASE": "\(files)/mnesia",
            "RABBITMQ_LOG_BASE": "\(files)/log",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": "\(files)/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "\(files)/plugins",
        ]
    }

    /// Messages are synchronised before they are confirmed; the queue itself is not.
    func kill() {
        keepQueues()
        end()
    }

    private func keepQueues() {
        guard let program = Self.program else { return }
        let control = Process()
        control.executableURL = URL(fileURLWithPath: program)
            .deletingLastPathComponent().appendingPathComponent("rabbitmqctl")
        control.arguments = ["eval", "mnesia:sync_log()."]
        control.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        control.standardOutput = FileHandle.nullDevice
        guard (try? control.run()) != nil else { return }
        control.waitUntilExit()
        if control.terminationStatus != 0 { Issue.record("rabbitmqctl kept no queues") }
    }

    private func end() {
        server.withLock {
            $0?.kill()
            $0 = nil
        }
    }

    func stop() {
        end()
        nameServer.withLock { $0?.kill() }
        folder.remove()
    }

    func source(password: String = "guest", queue: String) -> BrokerSource {
        BrokerSource(
            kind: .amqp,
            url: "amqp://guest:\(password)@127.0.0.1:\(port)",
            options: ["queue": queue]
        )
    }

    /// A durable queue.
    func makePlace() throws -> BrokerSource {
        let source = source(queue: uniqueName())
        let link = try AMQPLink(source, heartbeatSeconds: 10, timeoutMillis: 10_000)
        withBytes(source.options["queue"] ?? "") { name in
            _ = amqp_queue_declare(
                link.state,
                AMQPLink.channel,
                name,
                0,
                1,
                0,
                0,
                amqp_empty_table
            )
        }
        try link.check(amqp_get_rpc_reply(link.state), "declared no queue")
        return source
    }

    /// Consumers of a queue have no names.
    func other(_ source: BrokerSource) -> BrokerSource { source }

    func send(_ bodies: [String], to source: BrokerSource) throws {
        try send(bodies.map { ($0, "id of \($0)") }, to: source)
    }

    /// Waits until the broker has them on disk.
    func send(_ messages: [(body: String, id: String?)], to source: BrokerSource) throws {
        let link = try AMQPLink(source, heartbeatSeconds: 10, timeoutMillis: 10_000)
        amqp_confirm_select(link.state, AMQPLink.channel)
        try link.check(amqp_get_rpc_reply(link.state), "confirms nothing")
        for message in messages {
            try publish(message.body, id: message.id, to: source.options["queue"] ?? "", link)
        }
        var confirmed: UInt64 = 0
        while confirmed < UInt64(messages.count) {
            var timeout = timeval(tv_sec: Int(Self.confirmMillis / 1_000), tv_usec: 0)
            var frame = amqp_frame_t()
            let status = amqp_simple_wait_frame_noblock(link.state, &frame, &timeout)
            try link.check(status: status, "confirmed nothing")
            let method = frame.payload.method
            guard Int32(frame.frame_type) == AMQP_FRAME_METHOD, method.id == AMQP_BASIC_ACK_METHOD,
                let ack = method.decoded?.assumingMemoryBound(to: amqp_basic_ack_t.self)
            else { throw ServerProgram.Fault(description: "not confirmed") }
            confirmed = ack.pointee.multiple != 0 ? ack.pointee.delivery_tag : confirmed + 1
        }
    }

    private func publish(
        _ body: String,
        id: String?,
        to queue: String,
        _ link: AMQPLink
    ) throws {
        var properties = amqp_basic_properties_t()
        properties._flags = amqp_flags_t(
            AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG
        )
        properties.delivery_mode = 2
        if id != nil { properties._flags |= amqp_flags_t(AMQP_BASIC_MESSAGE_ID_FLAG) }
        let status = withBytes("text/plain") { type in
            withBytes(id ?? "") { id in
                withBytes(queue) { queue in
                    withBytes(body) { body in
                        properties.content_type = type
                        properties.message_id = id
                        return amqp_basic_publish(
                            link.state,
                            AMQPLink.channel,
                            amqp_empty_bytes,
                            queue,
                            0,
                            0,
                            &properties,
                            body
                        )
                    }
                }
            }
        }
        try link.check(status: status, "took no message")
    }

    private func withBytes<Result>(
        _ text: String,
        _ body: (amqp_bytes_t) -> Result
    ) -> Result {
        text.withCString { start in body(amqp_cstring_bytes(start)) }
    }
}
#endif
