import Glibc
import Packaging
import TestSupport
import Testing

@Suite struct BundleRoundTripTests {
    @Test(arguments: 1...25)
    func `a random folder comes back as it was, read-only`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let source = try TemporaryFolder()
        let output = try TemporaryFolder()
        let files = try fill(source, using: &random)

        let packed = try Bundle.pack(folder: source.path, into: "\(output.path)/a.tar")
        let unpacked = try Bundle.unpack(file: packed.archive, into: "\(output.path)/out")
        let again = try Bundle.pack(folder: unpacked.folder, into: "\(output.path)/b.tar")

        #expect(unpacked.digest == packed.digest)
        #expect(unpacked.entries == packed.entries)
        #expect(again.digest == packed.digest)
        for (name, content) in files {
            let path = "\(unpacked.folder)/\(name)"
            #expect(try contents(of: path) == content)
            #expect(try [0o444, 0o555].contains(mode(of: path)))
        }
        #expect(try mode(of: unpacked.folder) == 0o555)
        #expect(try names(in: output.path) == ["a.tar", "b.tar", "out"])
    }

    @Test func `bytes in memory unpack as a file does`() throws {
        let source = try TemporaryFolder()
        try source.write("lib/a.py", "x", mode: 0o755)
        let output = try TemporaryFolder()
        let packed = try Bundle.pack(folder: source.path, into: "\(output.path)/a.tar")

        let unpacked = try Bundle.unpack(
            bytes: contents(of: packed.archive),
            into: "\(output.path)/out/"
        )

        #expect(unpacked.digest == packed.digest)
        #expect(unpacked.folder == "\(output.path)/out")
        #expect(try mode(of: "\(output.path)/out/lib/a.py") == 0o555)
        #expect(try mode(of: "\(output.path)/out/lib") == 0o555)
    }

    @Test func `a folder that is there is left alone`() throws {
        let output = try TemporaryFolder()
        try output.write("out/kept", "x")
        var tar = TarBuilder()
        tar.add("a", "x")

        let error = #expect(throws: PackagingError.self) {
            try Bundle.unpack(bytes: tar.ended(), into: "\(output.path)/out")
        }

        #expect(error?.code == .destinationExists)
        #expect(try names(in: output.path) == ["out"])
    }

    @Test func `an unpacked bundle can be removed, and its links are not followed`() throws {
        let output = try TemporaryFolder()
        try output.write("outside/kept", "x")
        var tar = TarBuilder()
        tar.add("a/b/c", "x")
        tar.add(.init(name: "a/l", kind: "2", link: "../.."))
        tar.add(.init(name: "a/b/m", kind: "2", link: "../.."))

        #expect(throws: PackagingError.self) {
            try Bundle.unpack(bytes: tar.ended(), into: "\(output.path)/out")
        }
        try output.folder("out/a")
        try output.link("out/a/l", to: "../../outside")
        try Bundle.remove(folder: "\(output.path)/out")
        try Bundle.remove(folder: "\(output.path)/never")

        #expect(try names(in: output.path) == ["outside"])
        #expect(try names(in: "\(output.path)/outside") == ["kept"])
    }

    private func fill(
        _ folder: TemporaryFolder,
        using random: inout SeededGenerator
    ) throws -> [String: [UInt8]] {
        var folders = [""]
        var files: [String: [UInt8]] = [:]
        let letters = Array("abcXYZ019._- éß日")
        for index in 0..<Int.random(in: 1...40, using: &random) {
            let length = Int.random(in: 1...12, using: &random)
            let word = (0..<length).compactMap { _ in letters.randomElement(using: &random) }
            let name = (folders.randomElement(using: &random) ?? "") + "\(index)" + String(word)
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                try folder.folder(name)
                folders.append(name + "/")
            case 1: try folder.link(name, to: "target of \(index)")
            default:
                let sizes = [0, 1, 511, 512, 513, 70_000, 262_144, 262_145, 600_000]
                let size = sizes.randomElement(using: &random) ?? 0
                let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* (index + 3)) }
                try folder.write(name, content, mode: Bool.random(using: &random) ? 0o755 : 0o600)
                files[name] = content
            }
        }
        return files
    }
}
