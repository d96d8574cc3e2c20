import Foundation
import Testing

/// A running `weights_server.py`; it ends with this value.
final class WeightServer: Sendable {
    struct Asked: Equatable {
        var path: String
        var range: String
    }

    let url: String
    let port: String
    private let process: Process
    private let input = Pipe()

    init(folder: String, certificate: String? = nil, key: String? = nil) throws {
        let process = Process()
        let output = Pipe()
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "weights_server.py")
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script.path, folder] + [certificate, key].compactMap(\.self)
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n"),
            let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty
        {
            line.append(byte)
        }
        self.process = process
        port = String(decoding: line.dropLast(), as: UTF8.self)
        url = "\(certificate == nil ? "http" : "https")://127.0.0.1:\(port)"
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// The requests so far, without those of tests.
    func asked() throws -> [Asked] {
        let lists = try JSONDecoder().decode([[String]].self, from: get("/log"))
        return lists.map { Asked(path: $0[0], range: $0[1]) }
    }

    /// Lets held answers go.
    func release() throws { _ = try get("/release") }

    /// Waits until so many requests have come.
    func wait(requests count: Int) throws {
        let start = ContinuousClock.now
        while try asked().count < count {
            try #require(ContinuousClock.now - start < .seconds(20), "no \(count) requests")
            // The server can only be asked again.
            poll(nil, 0, 10)
        }
    }

    private func get(_ path: String) throws -> Data {
        try Shell.run("/usr/bin/python3", "-c", Self.getting, url + path)
    }

    private static let getting = """
        import ssl, sys, urllib.request
        context = ssl._create_unverified_context()
        with urllib.request.urlopen(sys.argv[1], timeout=10, context=context) as answer:
            sys.stdout.buffer.write(answer.read())
        """
}

enum Shell {
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    /// Runs a program to its end; what it printed.
    @discardableResult
    static func run(_ program: String, _ arguments: String...) throws -> Data {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Fault(description: "\(program) ended with \(process.terminationStatus)")
        }
        return printed
    }
}
