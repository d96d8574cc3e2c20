/// The 512 bytes before each entry of a ustar archive (POSIX.1-1988).
struct TarHeader: Equatable {
    static let blockBytes = 512

    var entry: BundleEntry

    /// How many bytes of content follow; they are padded to whole blocks.
    var contentBytes: Int {
        if case .file(let byteCount, _) = entry.kind { byteCount } else { 0 }
    }

    static func paddingBytes(after count: Int) -> Int {
        (blockBytes - count % blockBytes) % blockBytes
    }
}

extension TarHeader {
    fileprivate static let name = 0..<100
    fileprivate static let mode = 100..<108
    fileprivate static let userID = 108..<116
    fileprivate static let groupID = 116..<124
    fileprivate static let size = 124..<136
    fileprivate static let time = 136..<148
    fileprivate static let checksum = 148..<156
    fileprivate static let kind = 156
    fileprivate static let linkName = 157..<257
    fileprivate static let magic = 257..<265
    fileprivate static let deviceNumbers = [329..<337, 337..<345]
    fileprivate static let prefix = 345..<500

    /// `ustar`, NUL, version `00`.
    fileprivate static let magicBytes = Array("ustar\u{0}00".utf8)

    /// The sum of all bytes, with the checksum's own taken as spaces.
    fileprivate static func sum(_ block: [UInt8]) -> Int {
        block.enumerated().reduce(0) { sum, item in
            sum + (checksum.contains(item.offset) ? 32 : Int(item.element))
        }
    }
}

extension TarHeader {
    /// The block that stands for the entry; nil when its path can't be split to fit.
    func encoded() -> [UInt8]? {
        let isDirectory = entry.kind == .directory
        guard let (prefix, name) = Self.split(Array((entry.path + (isDirectory ? "/" : "")).utf8))
        else { return nil }
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        block.replaceSubrange(0..<name.count, with: name)
        block.replaceSubrange(345..<345 + prefix.count, with: prefix)
        let (mode, kind, link): (Int, UInt8, String) =
            switch entry.kind {
            case .directory: (0o755, UInt8(ascii: "5"), "")
            case .file(_, let isExecutable):
                (isExecutable ? 0o755 : 0o644, UInt8(ascii: "0"), "")
            case .link(let target): (0o777, UInt8(ascii: "2"), target)
            }
        Self.put(mode, in: Self.mode, of: &block)
        Self.put(0, in: Self.userID, of: &block)
        Self.put(0, in: Self.groupID, of: &block)
        Self.put(contentBytes, in: Self.size, of: &block)
        Self.put(0, in: Self.time, of: &block)
        for field in Self.deviceNumbers { Self.put(0, in: field, of: &block) }
        block[Self.kind] = kind
        block.replaceSubrange(157..<157 + link.utf8.count, with: link.utf8)
        block.replaceSubrange(Self.magic, with: Self.magicBytes)
        Self.put(Self.sum(block), in: 148..<155, of: &block)
        block[155] = UInt8(ascii: " ")
        return block
    }

    /// Splits at the first slash that leaves a name of at most 100 bytes.
    private static func split(_ path: [UInt8]) -> (prefix: [UInt8], name: [UInt8])? {
        if path.count <= name.count { return ([], path) }
        let slash = path.indices.first { index in
            path[index] == UInt8(ascii: "/") && path.count - index - 1 <= name.count
                && index < path.count - 1
        }
        guard let slash, slash <= prefix.count else { return nil }
        return (Array(path[..<slash]), Array(path[(slash + 1)...]))
    }

    /// Octal digits with zeros in front, and a NUL.
    private static func put(_ number: Int, in field: Range<Int>, of block: inout [UInt8]) {
        let digits = Array(String(number, radix: 8).utf8)
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: field.count - 1 - digits.count)
        block.replaceSubrange(field, with: zeros + digits + [0])
    }
}

extension TarHeader {
    /// Why a block is no header that a bundle may have; completes "the entry ...".
    struct Fault: Error, Equatable {
        let reason: String
    }

    /// Reads a block; a path is returned as it stands, unchecked but for its encoding.
    init(decoding block: [UInt8]) throws(Fault) {
        guard block.count == Self.blockBytes, Array(block[Self.magic]) == Self.magicBytes else {
            throw Fault(reason: "is not in the ustar format (GNU tar: --format=ustar)")
        }
        guard try Self.number(block[Self.checksum]) == Self.sum(block) else {
            throw Fault(reason: "has a header with a wrong checksum")
        }
        let name = try Self.text(block[Self.name])
        let prefix = try Self.text(block[Self.prefix])
        let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
        let byteCount = try Self.number(block[Self.size])
        let kind = try Self.kind(of: block, byteCount: byteCount)
        entry = BundleEntry(path: path, kind: kind)
    }

    private static func kind(
        of block: [UInt8],
        byteCount: Int
    ) throws(Fault) -> BundleEntry.Kind {
        switch block[kind] {
        case UInt8(ascii: "0"), 0:
            let isExecutable = try number(block[mode]) & 0o111 != 0
            return .file(byteCount: byteCount, isExecutable: isExecutable)
        case UInt8(ascii: "5"):
            guard byteCount == 0 else { throw Fault(reason: "is a folder with content") }
            return .directory
        case UInt8(ascii: "2"):
            guard byteCount == 0 else { throw Fault(reason: "is a link with content") }
            return .link(target: try text(block[linkName]))
        case let other: throw Fault(reason: "is \(word(forKind: other)), which no bundle has")
        }
    }

    private static func word(forKind kind: UInt8) -> String {
        switch kind {
        case UInt8(ascii: "1"): "a hard link"
        case UInt8(ascii: "3"), UInt8(ascii: "4"): "a device"
        case UInt8(ascii: "6"): "a fifo"
        case UInt8(ascii: "x"), UInt8(ascii: "g"): "a pax header (GNU tar: --format=ustar)"
        case UInt8(ascii: "L"), UInt8(ascii: "K"): "a GNU long name (GNU tar: --format=ustar)"
        default: "of the unknown kind \(kind)"
        }
    }

    /// Octal digits between spaces and NULs; a field without digits is zero.
    private static func number(_ field: ArraySlice<UInt8>) throws(Fault) -> Int {
        let digits = field.drop { $0 == UInt8(ascii: " ") }
            .prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else {
                throw Fault(reason: "has a header with a number that is not octal")
            }
            number = number << 3 | Int(digit - UInt8(ascii: "0"))
        }
        return number
    }

    private static func text(_ field: ArraySlice<UInt8>) throws(Fault) -> String {
        guard let text = String(validating: field.prefix { $0 != 0 }, as: UTF8.self) else {
            throw Fault(reason: "has a name that is not UTF-8")
        }
        return text
    }
}
