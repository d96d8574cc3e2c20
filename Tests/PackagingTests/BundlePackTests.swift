import Glibc
import Packaging
import Testing

@Suite struct BundlePackTests {
    private let folder: TemporaryFolder
    private let output: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        output = try TemporaryFolder()
    }

    @Test func `the same folder gives the same bytes, whatever its times and order`() throws {
        let other = try TemporaryFolder()
        let names = ["b.py", "a.py", "lib/z.py", "lib/a.py", "lib.py", "lib-x/q"]
        for name in names { try folder.write(name, "content of \(name)") }
        for name in names.reversed() { try other.write(name, "content of \(name)", mode: 0o640) }

        let first = try Bundle.pack(folder: folder.path, into: "\(output.path)/1.tar")
        let second = try Bundle.pack(folder: other.path, into: "\(output.path)/2.tar")

        #expect(first.digest == second.digest)
        #expect(try contents(of: first.archive) == contents(of: second.archive))
        #expect(try Bundle.digest(ofFile: first.archive) == first.digest)
        #expect(try contents(of: first.archive).count == first.byteCount)
        #expect(
            first.entries.map(\.path)
                == ["a.py", "b.py", "lib", "lib-x", "lib-x/q", "lib.py", "lib/a.py", "lib/z.py"]
        )
    }

    @Test func `the executable bit and the content change the digest`() throws {
        try folder.write("run", "x")
        let plain = try Bundle.pack(folder: folder.path, into: "\(output.path)/1.tar")
        try folder.write("run", "x", mode: 0o755)
        let executable = try Bundle.pack(folder: folder.path, into: "\(output.path)/2.tar")
        try folder.write("run", "y", mode: 0o755)
        let changed = try Bundle.pack(folder: folder.path, into: "\(output.path)/3.tar")

        #expect(Set([plain.digest, executable.digest, changed.digest]).count == 3)
    }

    @Test func `what tools leave behind stays out`() throws {
        try folder.write("handler.py", "")
        for name in [
            ".git/config", "__pycache__/a.pyc", "lib/__pycache__/b", "x.pyc", ".venv/bin/python",
            ".venv311/x", ".pytest_cache/x", "node_modules/a/b",
        ] { try folder.write(name, "x") }

        #expect(try packedPaths() == ["handler.py", "lib"])
    }

    @Test func `the ignore file's patterns are honoured`() throws {
        for name in [
            "handler.py", "notes.md", "docs/notes.md", "data/big.bin", "data/small.json",
            "lib/data/kept.bin", "build/x", "lib/build", "secret.env",
        ] { try folder.write(name, "x") }
        try folder.write(
            ".faasignore",
            "# not needed\n*.md\n/data/*.bin\nbuild/\n  secret.[ea]nv  \n\n"
        )

        #expect(
            try packedPaths() == [
                "data", "data/small.json", "docs", "handler.py", "lib", "lib/build", "lib/data",
                "lib/data/kept.bin",
            ]
        )
    }

    @Test(arguments: ["!keep.md", "a/**/b", "**"])
    func `a pattern that can't be honoured is an error with its line`(pattern: String) throws {
        try folder.write(".faasignore", "*.md\n\(pattern)\n")

        let error = #expect(throws: PackagingError.self) { try packedPaths() }

        #expect(error?.code == .ignoreInvalid)
        #expect(error?.faults.map(\.line) == [2])
    }

    @Test func `links within the folder are kept`() throws {
        try folder.write("weights/v1.bin", "x")
        try folder.link("current.bin", to: "weights/v1.bin")
        try folder.link("weights/up", to: "../current.bin")

        let bundle = try Bundle.pack(folder: folder.path, into: "\(output.path)/1.tar")
        let unpacked = try Bundle.unpack(file: bundle.archive, into: "\(output.path)/out")

        #expect(unpacked.entries == bundle.entries)
        #expect(try contents(of: "\(output.path)/out/weights/up") == Array("x".utf8))
    }

    @Test(arguments: ["/etc/passwd", "..", "../x", "a/../../x", "a/..", "lib/../../../etc"])
    func `a link that may lead out is refused`(target: String) throws {
        try folder.link("link", to: target)
        let error = #expect(throws: PackagingError.self) { try packedPaths() }
        #expect(error?.code == .entryRefused)
        #expect(try names(in: output.path).isEmpty)
    }

    @Test func `a fifo and a name with a control character are refused`() throws {
        try #require(mkfifo("\(folder.path)/pipe", 0o600) == 0)
        #expect(throws: PackagingError.self) { try packedPaths() }
        unlink("\(folder.path)/pipe")

        try folder.write("a\nb", "x")
        #expect(throws: PackagingError.self) { try packedPaths() }
    }

    @Test func `a file over the bundle's limit is refused without reading it`() throws {
        let path = try folder.write("weights.bin", "")
        try #require(truncate(path, off_t(BundleLimits.bundleBytesMax)) == 0)

        let error = #expect(throws: PackagingError.self) { try packedPaths() }

        #expect(error?.code == .limitExceeded)
        #expect(try names(in: output.path).isEmpty)
    }

    @Test func `a path that no header can hold is refused by its name`() throws {
        try folder.write(String(repeating: "n", count: 101), "x")
        let error = #expect(throws: PackagingError.self) { try packedPaths() }
        #expect(error?.code == .limitExceeded)
        #expect(try names(in: output.path).isEmpty)
    }

    @Test func `long paths are split between name and prefix and come back`() throws {
        let deep = (0..<5).map { "\($0)" + String(repeating: "d", count: 29) }
            .joined(separator: "/")
        let long = "\(deep)/\(String(repeating: "f", count: 99))"
        try folder.write(long, "deep")
        #expect(long.utf8.count == 254)

        let bundle = try Bundle.pack(folder: folder.path, into: "\(output.path)/1.tar")
        try Bundle.unpack(file: bundle.archive, into: "\(output.path)/out")

        #expect(try contents(of: "\(output.path)/out/\(long)") == Array("deep".utf8))
    }

    @Test func `a folder that is not there is an error that names it`() {
        let error = #expect(throws: PackagingError.self) {
            try Bundle.pack(folder: "/no/such/folder", into: "\(output.path)/1.tar")
        }
        #expect(error?.message.contains("/no/such/folder") == true)
        #expect(error?.cause == "No such file or directory")
    }

    private func packedPaths() throws -> [String] {
        try Bundle.pack(folder: folder.path, into: "\(output.path)/1.tar").entries.map(\.path)
    }
}
