package import Foundation

/// The C compiler of the machine that runs the tests.
package enum Compiler {
    package struct Failed: Error {
        package let output: String
    }

    /// The contents of a shared library made of `source`.
    package static func library(of source: URL, options: [String] = []) throws -> Data {
        let folder = try TemporaryFolders.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let output = folder.appending(path: "library")
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments =
            ["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", output.path] + options
            + ["-x", "c", source.path, "-ldl"]
        let pipe = Pipe()
        compiler.standardError = pipe
        try compiler.run()
        let said = pipe.fileHandleForReading.readDataToEndOfFile()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else {
            throw Failed(output: String(decoding: said, as: UTF8.self))
        }
        return try Data(contentsOf: output)
    }
}
