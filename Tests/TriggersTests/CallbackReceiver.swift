import Foundation
import Functions
import Logging
import Storage
import Synchronization

/// A real HTTP server for one test, which keeps what it was sent; it ends with this value.
///
/// Its paths say how it answers: `/status/503`, `/redirect`, `/slow`, `/large`.
final class CallbackReceiver {
    struct Received: Decodable {
        var method: String
        var path: String
        /// Names in lower case.
        var fields: [String: String]
        var body: Data
        /// Python's own hmac module found the signature to be right.
        var isSigned: Bool
    }

    static let secret = Array("a secret of at least 32 bytes: 0123456789".utf8)

    let url: String
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init() throws {
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", Self.script, Data(Self.secret).base64EncodedString()]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n"),
            let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty
        {
            line.append(byte)
        }
        url = "http://127.0.0.1:\(String(decoding: line.dropLast(), as: UTF8.self))"
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Ends the server, and gives all that it was sent.
    func finish() throws -> [Received] {
        try input.fileHandleForWriting.close()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        return try text.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Received.self, from: $0)
        }
    }

    private static let script = """
        import base64, hashlib, hmac, json, sys, threading
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        SECRET = base64.b64decode(sys.argv[1])

        def is_signed(fields, body):
            text = f"{fields.get('webhook-id')}.{fields.get('webhook-timestamp')}."
            code = hmac.new(SECRET, text.encode() + body, hashlib.sha256).digest()
            right = "v1," + base64.b64encode(code).decode()
            return hmac.compare_digest(right, fields.get("webhook-signature", ""))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                fields = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(fields.get("content-length", 0)))
                received = {
                    "method": self.command,
                    "path": self.path,
                    "fields": fields,
                    "body": base64.b64encode(body).decode(),
                    "isSigned": is_signed(fields, body),
                }
                sys.stdout.write(json.dumps(received) + "\\n")
                sys.stdout.flush()
                if self.path == "/slow":
                    threading.Event().wait()
                elif self.path == "/redirect":
                    self.answer(307, b"", ("Location", "/status/200"))
                elif self.path == "/large":
                    self.answer(200, b"x" * (8 << 20))
                else:
                    self.answer(int(self.path.split("/")[-1]), b"{}")

            do_GET = do_POST

            def answer(self, status, body, *fields):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in fields:
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        """
}

/// Keeps the messages that are logged, as `level: message: reason`.
final class LoggedMessages: Sendable {
    private let kept = Mutex<[String]>([])

    var all: [String] { kept.withLock { $0 } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(keep: { line in self.kept.withLock { $0 += [line] } })
        }
    }

    private struct Handler: LogHandler {
        let keep: @Sendable (String) -> Void
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            keep("\(event.level): \(event.message): \(event.metadata?["reason"] ?? "")")
        }
    }
}

extension StoredCallback {
    /// An answer of the function `diabetes`, to be posted to `url`.
    static func sample(
        to url: String,
        outcome: Outcome = .completed,
        status: Int = 200,
        contentType: String? = "application/json",
        body: String = #"{"risk": 0.25}"#
    ) -> StoredCallback {
        StoredCallback(
            answer: KeptAnswer(
                id: InvocationID(acceptedAtMicros: 1_769_860_800_000_000, random: 42),
                function: "diabetes",
                outcome: outcome.rawValue,
                status: status,
                headers: Array(
                    (contentType.map { ":status: 200\ncontent-type: \($0)" } ?? "").utf8
                ),
                body: Array(body.utf8)
            ),
            url: url,
            endedAt: 1_769_860_801_500_000,
            tries: 0
        )
    }
}
