import Glibc
package import Hosts

/// A shared library on disk, of which only its name for the dynamic loader is read.
package enum SharedObject {
    /// More program headers or dynamic entries than any library of the driver has.
    private static let entriesMax = 4096

    /// The `DT_SONAME` of a 64-bit little-endian ELF file; nil for any other file.
    package static func soname(of path: String, in tree: HostTree) -> String? {
        let file = Glibc.open(tree.location(path), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0
        else { return nil }
        let size = Int(status.st_size)
        // Mapped and not read: libraries of the driver have a hundred megabytes, of which four
        // pages are needed.
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED
        else { return nil }
        defer { munmap(start, size) }
        return soname(in: UnsafeRawBufferPointer(start: start, count: size))
    }

    package static func soname(in file: UnsafeRawBufferPointer) -> String? {
        guard file.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { return nil }
        guard let headers = file.number(32, UInt64.self),
            let size = file.number(54, UInt16.self), let count = file.number(56, UInt16.self),
            count <= entriesMax
        else { return nil }
        let segments = (0..<count).compactMap { Segment(file, at: headers + $0 * size) }
        guard let dynamic = segments.first(where: { $0.type == Segment.dynamic }) else {
            return nil
        }

        var name: Int?
        var strings: Int?
        for entry in 0..<min(dynamic.size / 16, entriesMax) {
            let place = dynamic.offset + entry * 16
            guard let tag = file.number(place, UInt64.self), tag != 0 else { break }
            guard let value = file.number(place + 8, UInt64.self) else { continue }
            if tag == 14 { name = value }  // DT_SONAME
            if tag == 5 { strings = value }  // DT_STRTAB, an address
        }
        guard let name, let strings,
            let segment = segments.first(where: { $0.holds(strings) })
        else { return nil }
        return file.text(strings - segment.address + segment.offset + name)
    }

    /// A part of the file that the loader maps, or that tells it how.
    private struct Segment {
        static let load = 1
        static let dynamic = 2

        let type: Int
        let offset: Int
        let address: Int
        let size: Int

        init?(_ file: UnsafeRawBufferPointer, at place: Int) {
            guard let type = file.number(place, UInt32.self),
                let offset = file.number(place + 8, UInt64.self),
                let address = file.number(place + 16, UInt64.self),
                let size = file.number(place + 32, UInt64.self)
            else { return nil }
            self.type = type
            self.offset = offset
            self.address = address
            self.size = size
        }

        func holds(_ address: Int) -> Bool {
            type == Self.load && address >= self.address && address < self.address + size
        }
    }
}

/// Reads that give nil outside the file, as a damaged one must not end the process.
extension UnsafeRawBufferPointer {
    /// No library's offsets reach 1 TiB, and below it sums and products of a few cannot overflow.
    private static let numberMax: UInt64 = 1 << 40
    private static let nameBytesMax = 256

    fileprivate func number<Stored: FixedWidthInteger & UnsignedInteger>(
        _ offset: Int,
        _ type: Stored.Type
    ) -> Int? {
        guard offset >= 0, offset <= count - MemoryLayout<Stored>.size else { return nil }
        let number = loadUnaligned(fromByteOffset: offset, as: type)
        return UInt64(number) < Self.numberMax ? Int(number) : nil
    }

    fileprivate func text(_ offset: Int) -> String? {
        guard offset >= 0, offset < count else { return nil }
        let bytes = self[offset...].prefix(Self.nameBytesMax).prefix { $0 != 0 }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
