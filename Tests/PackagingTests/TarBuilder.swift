/// Builds archives by the standard's text, not by the code under test, and wrong ones too.
struct TarBuilder {
    private(set) var bytes: [UInt8] = []

    struct Fields {
        var name = "file"
        var nameBytes: [UInt8]?
        var prefix = ""
        var mode = "0000644"
        var size: String?
        var kind: Character = "0"
        var link = ""
        var magic = "ustar\u{0}00"
        var checksumOffset = 0
    }

    mutating func add(_ fields: Fields, content: [UInt8] = []) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: [UInt8], at offset: Int) {
            block.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
        put(fields.nameBytes ?? Array(fields.name.utf8), at: 0)
        put(Array(fields.mode.utf8), at: 100)
        put(Array("0000000".utf8), at: 108)
        put(Array("0000000".utf8), at: 116)
        let octal = String(content.count, radix: 8)
        let size = String(repeating: "0", count: 11 - octal.count) + octal
        put(Array((fields.size ?? size).utf8), at: 124)
        put(Array("00000000000".utf8), at: 136)
        put([UInt8](repeating: 32, count: 8), at: 148)
        put([fields.kind.asciiValue ?? 0], at: 156)
        put(Array(fields.link.utf8), at: 157)
        put(Array(fields.magic.utf8), at: 257)
        put(Array(fields.prefix.utf8), at: 345)
        let sum = block.reduce(0) { $0 + Int($1) } + fields.checksumOffset
        let digits = String(sum, radix: 8)
        put(Array((String(repeating: "0", count: 6 - digits.count) + digits).utf8), at: 148)
        block[154] = 0
        bytes += block + content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    mutating func add(_ name: String, _ text: String = "") {
        add(Fields(name: name), content: Array(text.utf8))
    }

    func ended(padding: Int = 0) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: 1024 + padding)
    }
}
