import Glibc

extension Bundle {
    /// Makes the bundle of a function folder.
    ///
    /// The file `archive` must not be there yet, and must not lie in the folder.
    ///
    /// - Throws: ``PackagingError``; then there is no file.
    package static func pack(
        folder: String,
        into archive: String
    ) throws(PackagingError) -> PackedBundle {
        let entries = try FolderScan(folder).entries()
        let estimate = entries.reduce(2 * TarHeader.blockBytes) { sum, entry in
            let count = TarHeader(entry: entry).contentBytes
            return sum + TarHeader.blockBytes + count + TarHeader.paddingBytes(after: count)
        }
        guard estimate <= BundleLimits.bundleBytesMax else {
            let most = Measure.size.text(of: BundleLimits.bundleBytesMax)
            throw PackagingError(
                .limitExceeded,
                "the bundle of \(folder) would have \(estimate) bytes, more than \(most)"
            )
        }
        var writer = ArchiveWriter(try OpenFile(creating: archive, mode: 0o600))
        do throws(PackagingError) {
            for entry in entries { try writer.add(entry, from: "\(folder)/\(entry.path)") }
            let (digest, byteCount) = try writer.finish()
            return PackedBundle(
                archive: archive,
                digest: digest,
                byteCount: byteCount,
                entries: entries
            )
        } catch {
            unlink(archive)
            throw error
        }
    }
}
