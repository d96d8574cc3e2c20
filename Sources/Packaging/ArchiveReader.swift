/// Reads a ustar archive from somebody who is not trusted, a piece at a time.
///
/// It sees to the format; what an entry may be called and where a link may lead is its caller's to
/// check.
struct ArchiveReader: ~Copyable {
    private var source: ArchiveSource
    private var digest = SHA256()
    private var byteCount = 0
    private let block = Chunk(byteCount: TarHeader.blockBytes)
    private let chunk = Chunk()
    private var entryCount = 0

    init(_ source: consuming ArchiveSource) { self.source = source }

    /// The next entry; nil at the archive's end, when nothing but zeros follows.
    mutating func next() throws(PackagingError) -> TarHeader? {
        entryCount += 1
        guard try readBlock() else { throw Self.ended }
        guard !isZero(block.bytes) else {
            guard try readBlock(), isZero(block.bytes) else {
                throw PackagingError(.archiveInvalid, "the archive's end is not two empty blocks")
            }
            try skipPadding()
            return nil
        }
        do {
            return try TarHeader(decoding: Array(block.bytes))
        } catch {
            throw PackagingError(
                .archiveInvalid,
                "entry \(entryCount) of the archive \(error.reason)"
            )
        }
    }

    /// Copies the content of the entry that was read last.
    mutating func copyContent(
        of header: TarHeader,
        to file: borrowing OpenFile
    ) throws(PackagingError) {
        var rest = header.contentBytes
        while rest > 0 {
            let piece = chunk[0..<min(rest, chunk.bytes.count)]
            guard try read(piece) == piece.count else { throw Self.ended }
            try file.write(UnsafeRawBufferPointer(piece))
            rest -= piece.count
        }
        let padding = chunk[0..<TarHeader.paddingBytes(after: header.contentBytes)]
        guard try read(padding) == padding.count else { throw Self.ended }
    }

    /// SHA-256 of all that was read.
    consuming func finish() -> String { digest.finalize() }

    private static let ended = PackagingError(
        .archiveInvalid,
        "the archive ends too early; was it received as a whole?"
    )

    private mutating func readBlock() throws(PackagingError) -> Bool {
        try read(block.bytes) == TarHeader.blockBytes
    }

    private mutating func skipPadding() throws(PackagingError) {
        let room = chunk[0..<(BundleLimits.paddingBytesMax + 1)]
        let count = try read(room)
        guard count <= BundleLimits.paddingBytesMax, isZero(chunk[0..<count]) else {
            throw PackagingError(.archiveInvalid, "something follows the archive's end")
        }
    }

    private mutating func read(
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(PackagingError) -> Int {
        let count = try source.read(into: buffer)
        byteCount += count
        guard byteCount <= BundleLimits.bundleBytesMax else {
            let most = Measure.size.text(of: BundleLimits.bundleBytesMax)
            throw PackagingError(.limitExceeded, "the archive has more than \(most)")
        }
        digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }

    private func isZero(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        bytes.allSatisfy { $0 == 0 }
    }
}

/// Where an archive's bytes come from.
enum ArchiveSource: ~Copyable {
    case file(OpenFile)
    case bytes(ArraySlice<UInt8>)

    /// Fills the front of `buffer`; fewer bytes than fit mean the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(PackagingError) -> Int {
        switch consume self {
        case .file(let file):
            let count: Int
            do throws(PackagingError) {
                count = try file.read(into: buffer)
            } catch {
                self = .file(file)
                throw error
            }
            self = .file(file)
            return count
        case .bytes(let rest):
            let piece = rest.prefix(buffer.count)
            buffer.copyBytes(from: piece)
            self = .bytes(rest.dropFirst(piece.count))
            return piece.count
        }
    }
}
