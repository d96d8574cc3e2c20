import Glibc

extension Bundle {
    /// Unpacks a bundle that a client sent.
    ///
    /// `folder` must not be there yet; the folder that holds it must be.
    ///
    /// - Throws: ``PackagingError``; then nothing is left of it.
    @discardableResult
    package static func unpack(
        file: String,
        into folder: String
    ) throws(PackagingError) -> UnpackedBundle {
        let source = ArchiveSource.file(try OpenFile(reading: file))
        return try unpack(source, into: folder)
    }

    /// As ``unpack(file:into:)``, for an archive that is in memory.
    @discardableResult
    package static func unpack(
        bytes: [UInt8],
        into folder: String
    ) throws(PackagingError) -> UnpackedBundle {
        try unpack(ArchiveSource.bytes(bytes[...]), into: folder)
    }

    /// Removes a folder with all that is in it, read-only or not.
    ///
    /// One that is not there is no error.
    package static func remove(folder: String) throws(PackagingError) {
        var top = stat()
        guard lstat(folder, &top) == 0 else { return }
        guard top.st_mode & S_IFMT == S_IFDIR else {
            throw PackagingError(.fileSystem, "\(folder) is not a folder")
        }
        _ = chmod(folder, 0o700)
        for name in try FolderScan.names(in: folder) {
            let path = "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { throw .system("can't look at \(path)") }
            if status.st_mode & S_IFMT == S_IFDIR {
                try remove(folder: path)
            } else {
                guard unlink(path) == 0 else { throw .system("can't remove \(path)") }
            }
        }
        guard rmdir(folder) == 0 else { throw .system("can't remove \(folder)") }
    }

    private static func unpack(
        _ source: consuming ArchiveSource,
        into folder: String
    ) throws(PackagingError) -> UnpackedBundle {
        var folder = folder
        while folder.count > 1, folder.last == "/" { folder.removeLast() }
        var status = stat()
        guard lstat(folder, &status) != 0 else {
            throw PackagingError(.destinationExists, "\(folder) is there already")
        }
        let temporary = try makeTemporary(beside: folder)
        do throws(PackagingError) {
            var reader = ArchiveReader(source)
            var unpacking = Unpacking(root: temporary)
            while let header = try reader.next() { try unpacking.add(header, from: &reader) }
            try unpacking.finish()
            guard rename(temporary, folder) == 0 else {
                throw .system("can't move the unpacked bundle to \(folder)")
            }
            return UnpackedBundle(
                folder: folder,
                digest: reader.finish(),
                entries: unpacking.entries
            )
        } catch {
            // The first error is the one to tell; what stays is removed when the gateway starts.
            try? remove(folder: temporary)
            throw error
        }
    }

    private static func makeTemporary(beside folder: String) throws(PackagingError) -> String {
        let parent = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "."
        var template = Array("\(parent)/\(unpackingPrefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .system("can't make a folder in \(parent)")
        }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
