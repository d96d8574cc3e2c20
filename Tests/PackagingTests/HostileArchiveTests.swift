import Glibc
import Packaging
import TestSupport
import Testing

@Suite struct HostileArchiveTests {
    typealias Fields = TarBuilder.Fields

    private let output: TemporaryFolder

    init() throws { output = try TemporaryFolder() }

    static let entries: [(Fields, String)] = [
        (Fields(name: "/etc/passwd"), "absolute path"),
        (Fields(name: "../x"), "'..' as a component"),
        (Fields(name: "a/../../x"), "'..' as a component"),
        (Fields(name: "a/.."), "'..' as a component"),
        (Fields(name: "..", kind: "5"), "'..' as a component"),
        (Fields(name: "x", prefix: "../.."), "'..' as a component"),
        (Fields(name: "/x", prefix: "a"), "'' as a component"),
        (Fields(name: "a//b"), "'' as a component"),
        (Fields(name: "a/./b"), "'.' as a component"),
        (Fields(name: "a/"), "'' as a component"),
        (Fields(name: ""), "has no name"),
        (Fields(name: "a\nb"), "control character"),
        (Fields(nameBytes: [0x61, 0xFF]), "not UTF-8"),
        (Fields(nameBytes: [0xC0, 0xAF]), "not UTF-8"),
        (Fields(kind: "1", link: "a"), "a hard link"),
        (Fields(kind: "3"), "a device"),
        (Fields(kind: "4"), "a device"),
        (Fields(kind: "6"), "a fifo"),
        (Fields(kind: "7"), "unknown kind"),
        (Fields(kind: "x"), "a pax header"),
        (Fields(kind: "g"), "a pax header"),
        (Fields(kind: "L"), "a GNU long name"),
        (Fields(kind: "S"), "unknown kind"),
        (Fields(kind: "2", link: "/etc/passwd"), "absolute path"),
        (Fields(kind: "2", link: "../x"), "may lie outside"),
        (Fields(kind: "2", link: "a/../b"), "may lie outside"),
        (Fields(kind: "2", link: ""), "link to nothing"),
        (Fields(name: "d/l", kind: "2", link: "../../x"), "may lie outside"),
        (Fields(size: "00000001000", kind: "2", link: "a"), "link with content"),
        (Fields(size: "00000001000", kind: "5"), "folder with content"),
        (Fields(size: "77777777777"), "too much"),
        (Fields(size: "0000000001x"), "not octal"),
        (Fields(size: "-0000000001"), "not octal"),
        (Fields(size: "\u{80}00000001"), "not octal"),
        (Fields(checksumOffset: 1), "wrong checksum"),
        (Fields(magic: "ustar  \u{0}"), "not in the ustar format"),
        (Fields(magic: ""), "not in the ustar format"),
    ]

    @Test(arguments: entries)
    func `an entry that could do harm is refused and nothing is left`(
        fields: Fields,
        reason: String
    ) throws {
        var tar = TarBuilder()
        tar.add("before", "x")
        tar.add(fields)

        let error = try #require(refusal(of: tar.ended()))

        #expect(error.code == .archiveInvalid)
        #expect(error.message.contains(reason), "\(error)")
    }

    @Test func `nothing is written through a link`() throws {
        var tar = TarBuilder()
        tar.add(Fields(name: "link", kind: "2", link: "."))
        tar.add("link/x", "x")
        let error = try #require(refusal(of: tar.ended()))
        #expect(error.message.contains("lies in 'link', which is not a folder"))
    }

    @Test func `a chain of links can't lead out`() throws {
        var tar = TarBuilder()
        tar.add(Fields(name: "a/b/top", kind: "2", link: "../.."))
        tar.add(Fields(name: "a/b/out", kind: "2", link: "top/.."))
        let error = try #require(refusal(of: tar.ended()))
        #expect(error.message.contains("may lie outside"))
    }

    @Test(arguments: [("a", "a"), ("a", "./a"), ("d/a", "d/a"), ("d", "d/a")])
    func `a name that comes twice, or a file taken for a folder, is refused`(
        first: String,
        second: String
    ) throws {
        var tar = TarBuilder()
        tar.add(first, "x")
        tar.add(second, "y")
        #expect(try #require(refusal(of: tar.ended())).code == .archiveInvalid)
    }

    @Test func `a folder may follow what it holds, but only once`() throws {
        var tar = TarBuilder()
        tar.add(Fields(name: "./", kind: "5"))
        tar.add("./d/a", "x")
        tar.add(Fields(name: "./d/", kind: "5"))
        let once = tar.ended()
        tar.add(Fields(name: "./d/", kind: "5"))

        #expect(try #require(refusal(of: tar.ended())).message.contains("twice"))
        let unpacked = try Bundle.unpack(bytes: once, into: "\(output.path)/out")
        #expect(unpacked.entries.map(\.path) == ["d", "d/a"])
    }

    @Test func `an archive that ends early is refused at every length`() throws {
        var tar = TarBuilder()
        tar.add("a", String(repeating: "x", count: 700))
        let whole = tar.ended()
        for count in [0, 1, 511, 512, 513, 1024, 1211, 1212, 1535, 1536, 1537, 2047, 2048, 2559] {
            #expect(refusal(of: Array(whole[..<count])) != nil, "\(count) bytes")
        }
        try Bundle.unpack(bytes: whole, into: "\(output.path)/out")
    }

    @Test func `padding is accepted and garbage after the end is not`() throws {
        var tar = TarBuilder()
        tar.add("a", "x")
        let most = BundleLimits.paddingBytesMax

        #expect(refusal(of: tar.ended() + [1]) != nil)
        #expect(refusal(of: tar.ended(padding: 512) + Array("more".utf8)) != nil)
        #expect(refusal(of: tar.ended(padding: most + 1)) != nil)
        #expect(refusal(of: tar.bytes + [UInt8](repeating: 0, count: 512) + tar.ended()) != nil)
        try Bundle.unpack(bytes: tar.ended(padding: most), into: "\(output.path)/out")
    }

    @Test func `more entries than the limit are refused, implied folders counted`() throws {
        var tar = TarBuilder()
        for index in 0...(BundleLimits.fileCountMax / 2) { tar.add("\(index)/a") }
        let error = try #require(refusal(of: tar.ended()))
        #expect(error.code == .limitExceeded)
    }

    @Test func `numbers with spaces around them, as some programs write them, are read`() throws {
        var tar = TarBuilder()
        tar.add(
            Fields(name: "a", mode: "000755 ", size: "         1 "),
            content: [UInt8(ascii: "x")]
        )
        try Bundle.unpack(bytes: tar.ended(), into: "\(output.path)/out")
        #expect(try contents(of: "\(output.path)/out/a") == [UInt8(ascii: "x")])
        #expect(try mode(of: "\(output.path)/out/a") == 0o555)
    }

    @Test func `random damage is refused or unpacked within the folder, never a crash`() throws {
        var tar = TarBuilder()
        tar.add("handler.py", "x = 1")
        tar.add(Fields(name: "lib/", kind: "5"))
        tar.add(Fields(name: "lib/link", kind: "2", link: "../handler.py"))
        let whole = tar.ended()
        var random = SeededGenerator(seed: 11)

        for _ in 0..<400 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                bytes[at] = UInt8.random(in: .min ... .max, using: &random)
            }
            if (try? Bundle.unpack(bytes: bytes, into: "\(output.path)/out")) != nil {
                try Bundle.remove(folder: "\(output.path)/out")
            }
            #expect(try names(in: output.path).isEmpty)
        }
    }

    /// The error that an archive meets; checks that it leaves nothing behind.
    private func refusal(of bytes: [UInt8]) -> PackagingError? {
        do {
            try Bundle.unpack(bytes: bytes, into: "\(output.path)/refused")
            return nil
        } catch {
            #expect((try? names(in: output.path)) == [])
            return error
        }
    }
}
