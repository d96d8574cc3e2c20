#if NATS
import Brokers
import CNATS
import Foundation
import Functions
import Synchronization
import Triggers

/// A `nats-server` with JetStream, file storage and one user.
final class NATSBroker: TestBroker {
    static let program = ServerProgram.path(of: "nats-server")
    static let password = "open-sesame"

    let driver: any BrokerDriver = NATSDriver(leaseMillis: 1_200)
    let leaseMillis = 1_200
    let port: Int
    private let folder: ServerFolder
    private let server = Mutex<ServerProgram?>(nil)

    private init() throws {
        folder = try ServerFolder()
        port = try ServerProgram.freePort()
        try restart()
    }

    static func start() throws -> NATSBroker { try NATSBroker() }

    func restart() throws {
        guard let program = Self.program else { return }
        let started = try ServerProgram(
            program,
            [
                "-a", "127.0.0.1", "-p", "\(port)", "-js", "-sd", folder.url.path,
                "--user", "reader", "--pass", Self.password,
            ],
            log: folder.log
        )
        try started.waitForPort(port)
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
            kind: .nats,
            url: "nats://reader:\(password)@127.0.0.1:\(port)",
            options: options
        )
    }

    func makePlace() throws -> BrokerSource {
        let name = uniqueName()
        let source = source(options: ["stream": name, "subject": "\(name).*", "durable": "reader"])
        let link = try NATSLink(source, timeoutMillis: 5_000)
        var config = jsStreamConfig()
        jsStreamConfig_Init(&config)
        var code = jsErrCode(rawValue: 0)
        let status = name.withCString { stream in
            "\(name).>".withCString { subject in
                var subjects: [UnsafePointer<CChar>?] = [subject]
                return subjects.withUnsafeMutableBufferPointer { subjects in
                    config.Name = stream
                    config.Subjects = subjects.baseAddress
                    config.SubjectsLen = 1
                    config.Storage = js_FileStorage
                    return js_AddStream(nil, link.jetStream, &config, nil, &code)
                }
            }
        }
        guard status == NATS_OK else {
            throw ServerProgram.Fault(description: "js_AddStream: \(status) \(code)")
        }
        return source
    }

    /// A durable consumer is one place for all that read by its name.
    func other(_ source: BrokerSource) -> BrokerSource { source }

    func send(_ bodies: [String], to source: BrokerSource) throws {
        let subject = "\(source.options["stream"] ?? "").one"
        let link = try NATSLink(source, timeoutMillis: 5_000)
        for body in bodies { try publish(body, to: subject, link) }
    }

    /// Waits until the stream has it.
    func publish(
        _ body: String,
        to subject: String,
        headers: [String: String] = [:],
        _ link: NATSLink
    ) throws {
        var message: OpaquePointer?
        natsMsg_Create(&message, subject, nil, body, Int32(body.utf8.count))
        defer { natsMsg_Destroy(message) }
        for (name, value) in headers { natsMsgHeader_Set(message, name, value) }
        var code = jsErrCode(rawValue: 0)
        let status = js_PublishMsg(nil, link.jetStream, message, nil, &code)
        guard status == NATS_OK else {
            throw ServerProgram.Fault(description: "js_PublishMsg: \(status) \(code)")
        }
    }
}
#endif
