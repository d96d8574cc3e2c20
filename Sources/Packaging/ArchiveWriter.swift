/// Writes a ustar archive and its digest at once.
struct ArchiveWriter: ~Copyable {
    private let file: OpenFile
    private var digest = SHA256()
    private var byteCount = 0
    private let chunk = Chunk()

    init(_ file: consuming OpenFile) { self.file = file }

    /// Adds an entry; a file's content is read from `path`.
    mutating func add(_ entry: BundleEntry, from path: String) throws(PackagingError) {
        let header = TarHeader(entry: entry)
        guard let block = header.encoded() else {
            throw PackagingError(
                .limitExceeded,
                "\(entry.path) has too long a name: an archive holds 100 bytes of it and 155 of "
                    + "the folders before"
            )
        }
        chunk.bytes.copyBytes(from: block)
        try write(block.count)
        guard case .file(let expected, _) = entry.kind else { return }
        try copy(expected, from: path)
        try writeZeros(TarHeader.paddingBytes(after: expected))
    }

    /// Writes the archive's end.
    consuming func finish() throws(PackagingError) -> (digest: String, byteCount: Int) {
        try writeZeros(2 * TarHeader.blockBytes)
        let byteCount = byteCount
        return (digest.finalize(), byteCount)
    }

    private mutating func copy(_ expected: Int, from path: String) throws(PackagingError) {
        let source = try OpenFile(reading: path)
        var copied = 0
        while true {
            let count = try source.read(into: chunk.bytes)
            copied += count
            guard copied <= expected else { break }
            try write(count)
            if count < chunk.bytes.count { break }
        }
        guard copied == expected else {
            throw PackagingError(.fileSystem, "\(path) changed while it was packed")
        }
    }

    private mutating func writeZeros(_ count: Int) throws(PackagingError) {
        chunk[0..<count].initializeMemory(as: UInt8.self, repeating: 0)
        try write(count)
    }

    /// Writes the front of the chunk.
    private mutating func write(_ count: Int) throws(PackagingError) {
        let bytes = UnsafeRawBufferPointer(chunk[0..<count])
        byteCount += count
        digest.update(bytes)
        try file.write(bytes)
    }
}
