import Brokers
import Foundation
import Functions
import Synchronization
import Triggers

/// A `moto_server`: it answers as SQS does and keeps everything in memory, so that a restart begins
/// with nothing.
final class SQSBroker: TestBroker {
    /// Among the tests' own Python packages, or on the PATH.
    static let program: String? = {
        if let named = ProcessInfo.processInfo.environment["MOTO_SERVER"] { return named }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return ServerProgram.path(
            of: "moto_server",
            in: [root.appending(path: ".venv-tests/bin").path]
        )
    }()

    struct Keys: Codable, Sendable {
        var key: String
        var secret: String
    }

    private struct CreateQueue: Encodable {
        var queueName: String
    }

    private struct SendMessage: Encodable {
        struct Attribute: Encodable {
            var dataType = "String"
            var stringValue: String
        }

        var queueUrl: String
        var messageBody: String
        var messageAttributes: [String: Attribute]
    }

    private struct Anything: Decodable {}

    static let anyKeys = Keys(key: "any", secret: "open-sesame")

    let driver: any BrokerDriver = driver(anyKeys)
    let leaseMillis = 2_000
    let port: Int
    private let folder: ServerFolder
    private let server = Mutex<ServerProgram?>(nil)

    private init() throws {
        folder = try ServerFolder()
        port = try ServerProgram.freePort()
        try restart()
    }

    static func start() throws -> SQSBroker { try SQSBroker() }

    static func driver(_ keys: Keys) -> SQSDriver {
        SQSDriver(leaseMillis: 2_000) { name in
            switch name {
            case "AWS_ACCESS_KEY_ID": keys.key
            case "AWS_SECRET_ACCESS_KEY": keys.secret
            default: nil
            }
        }
    }

    func restart() throws {
        guard let program = Self.program else { return }
        let started = try ServerProgram(
            program,
            ["-H", "127.0.0.1", "-p", "\(port)"],
            environment: ["INITIAL_NO_AUTH_ACTION_COUNT": "1000000"],
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

    func source(queue: String) -> BrokerSource {
        BrokerSource(
            kind: .sqs,
            url: "sqs+http://127.0.0.1:\(port)/123456789012/\(queue)",
            options: ["region": "eu-north-1"]
        )
    }

    func makePlace() throws -> BrokerSource {
        let name = uniqueName()
        let source = source(queue: name)
        let _: Anything = try client(source).call("CreateQueue", CreateQueue(queueName: name))
        return source
    }

    /// Consumers of SQS have no names.
    func other(_ source: BrokerSource) -> BrokerSource { source }

    func send(_ bodies: [String], to source: BrokerSource) throws {
        for body in bodies { try send(body, attributes: [:], to: source) }
    }

    func send(_ body: String, attributes: [String: String], to source: BrokerSource) throws {
        let client = try client(source)
        let _: Anything = try client.call(
            "SendMessage",
            SendMessage(
                queueUrl: client.place.queueURL,
                messageBody: body,
                messageAttributes: attributes.mapValues { .init(stringValue: $0) }
            )
        )
    }

    private func client(_ source: BrokerSource) throws -> SQSClient {
        try SQSClient(try Self.driver(Self.anyKeys).place(of: source), timeoutMillis: 10_000)
    }

    /// Makes a user who may use SQS, and from then on has the server check every signature.
    func checkSignatures() throws -> Keys {
        let script = """
            import json, sys, urllib.request, boto3
            url = sys.argv[1]
            iam = boto3.client("iam", region_name="eu-north-1", endpoint_url=url,
                               aws_access_key_id="any", aws_secret_access_key="any")
            policy = {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
            iam.create_user(UserName="reader")
            iam.put_user_policy(UserName="reader", PolicyName="p",
                                PolicyDocument=json.dumps(policy))
            key = iam.create_access_key(UserName="reader")["AccessKey"]
            urllib.request.urlopen(urllib.request.Request(
                url + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}))
            print(json.dumps({"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}))
            """
        return try JSONDecoder().decode(Keys.self, from: try run(script))
    }

    func checkNoSignatures() throws {
        _ = try run(
            """
            import sys, urllib.request
            urllib.request.urlopen(urllib.request.Request(
                sys.argv[1] + "/moto-api/reset-auth", data=b"1000000",
                headers={"Content-Type": "text/plain"}))
            """
        )
    }

    /// Runs a script with the Python that moto is installed for.
    private func run(_ script: String) throws -> Data {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: Self.program ?? "").deletingLastPathComponent()
            .appending(path: "python3")
        process.arguments = ["-c", script, "http://127.0.0.1:\(port)"]
        process.standardOutput = output
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return printed
    }
}
