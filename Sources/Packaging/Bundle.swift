/// The content-addressed archive that a revision is made of.
///
/// It is a POSIX ustar archive whose bytes follow from the folder alone: names sorted by their
/// bytes, times, owners and groups zero, modes 0644 and 0755. The same folder gives the same
/// digest.
package enum Bundle {
    /// What the names of folders that are being unpacked begin with; left over after a crash, they
    /// may be removed.
    package static let unpackingPrefix = ".unpacking-"

    /// SHA-256 of a file's bytes, in hexadecimal.
    ///
    /// - Throws: ``PackagingError/Code/fileSystem``.
    package static func digest(ofFile path: String) throws(PackagingError) -> String {
        let file = try OpenFile(reading: path)
        let chunk = Chunk()
        var digest = SHA256()
        while true {
            let count = try file.read(into: chunk.bytes)
            digest.update(UnsafeRawBufferPointer(chunk[0..<count]))
            if count < chunk.bytes.count { return digest.finalize() }
        }
    }
}

/// What ``Bundle/pack(folder:into:)`` made.
package struct PackedBundle: Sendable, Hashable {
    /// Where the archive lies.
    package let archive: String
    /// SHA-256 of the archive, in hexadecimal.
    package let digest: String
    package let byteCount: Int
    /// In the archive's order.
    package let entries: [BundleEntry]
}

/// What ``Bundle/unpack(file:into:)`` made.
package struct UnpackedBundle: Sendable, Hashable {
    /// Where the files lie, read-only.
    package let folder: String
    /// SHA-256 of the archive as it was read, in hexadecimal.
    package let digest: String
    /// In the archive's order, folders included that it only implies.
    package let entries: [BundleEntry]
}
