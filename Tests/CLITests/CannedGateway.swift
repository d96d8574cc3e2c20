import Foundation

/// A running `canned_gateway.py`; it ends with this value.
final class CannedGateway: Sendable {
    /// One for all tests, because it keeps no state.
    static let shared = Result { try CannedGateway() }

    let url: String
    private let process: Process
    private let input = Pipe()

    private init() throws {
        let process = Process()
        let output = Pipe()
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "canned_gateway.py")
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script.path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n"),
            let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty
        {
            line.append(byte)
        }
        let port = String(decoding: line.dropLast(), as: UTF8.self)
        self.process = process
        url = "http://127.0.0.1:\(port)"
    }
}
