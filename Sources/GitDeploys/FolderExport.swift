import Glibc
import Packaging

/// Writes a folder of a commit to disk, as its bytes are in the repository.
///
/// git's own ways out of a repository follow attributes and filters, which may differ from one
/// host to another; the digest of a bundle is to follow from the commit alone.
struct FolderExport {
    let reader: ObjectReader

    /// Makes `target`, which is not there yet.
    ///
    /// - Throws: `treeRefused`, `limitExceeded`, `gitFailed`, `fileSystem`.
    func write(_ folder: CommitFolder, into target: String) throws(GitDeployError) {
        let count = folder.entries.count
        guard count <= BundleLimits.fileCountMax else {
            throw GitDeployError(
                .limitExceeded,
                "\(folder.shownPath) has \(count) files and folders, more than "
                    + "\(BundleLimits.fileCountMax)"
            )
        }
        for entry in folder.entries { try Self.check(entry) }
        try Self.makeFolder(target)
        for entry in folder.entries where entry.kind == .folder {
            try Self.makeFolder(Self.place(of: entry, in: folder, target))
        }
        var bytesLeft = Self.bytesMax(folder)
        for entry in folder.entries {
            guard case .file(let isExecutable) = entry.kind else { continue }
            let byteCount = try reader.begin(entry.id, name: entry.path)
            bytesLeft -= byteCount
            guard bytesLeft >= 0 else { throw Self.tooLarge(folder, at: entry, byteCount) }
            let file = try Self.make(Self.place(of: entry, in: folder, target), isExecutable)
            defer { close(file) }
            try reader.pass(byteCount) { (piece) throws(GitDeployError) in
                try Self.append(piece, to: file, entry)
            }
        }
        // Last, so that nothing is written through one.
        for entry in folder.entries where entry.kind == .link {
            try makeLink(entry, at: Self.place(of: entry, in: folder, target))
        }
    }

    /// What `.faasignore` leaves out may be much; without one, the whole is the bundle.
    private static func bytesMax(_ folder: CommitFolder) -> Int {
        let name = folder.path.isEmpty ? ".faasignore" : "\(folder.path)/.faasignore"
        let hasRules = folder.entries.contains { $0.path == name }
        return hasRules ? 4 * BundleLimits.bundleBytesMax : BundleLimits.bundleBytesMax
    }

    private static func tooLarge(
        _ folder: CommitFolder,
        at entry: TreeEntry,
        _ byteCount: Int
    ) -> GitDeployError {
        GitDeployError(
            .limitExceeded,
            "the bundle of \(folder.shownPath) would have more than "
                + "\(BundleLimits.bundleBytesMax >> 20) MiB; \(entry.path) alone has "
                + "\(byteCount) bytes",
            advice: "keep weights out of the repository: name them under `model` in function.yaml"
        )
    }

    private static func check(_ entry: TreeEntry) throws(GitDeployError) {
        guard entry.kind != .submodule else {
            throw GitDeployError(
                .treeRefused,
                "\(entry.path) is a submodule, or a kind of file that no bundle can hold",
                advice: "put its files into the repository"
            )
        }
        let parts = entry.path.split(separator: "/", omittingEmptySubsequences: false)
        for part in parts where ["", ".", ".."].contains(part) || part.lowercased() == ".git" {
            throw GitDeployError(
                .treeRefused,
                "\(entry.path) has '\(part)' as a part of its path"
            )
        }
    }

    private static func place(
        of entry: TreeEntry,
        in folder: CommitFolder,
        _ target: String
    ) -> String {
        let path =
            folder.path.isEmpty
            ? entry.path : String(entry.path.dropFirst(folder.path.count + 1))
        return "\(target)/\(path)"
    }

    private func makeLink(_ entry: TreeEntry, at place: String) throws(GitDeployError) {
        let bytes = try reader.contents(
            of: entry.id,
            bytesMax: BundleLimits.linkLengthMax,
            name: "the target of \(entry.path)"
        )
        guard let target = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw GitDeployError(.treeRefused, "\(entry.path) is a link to no name")
        }
        guard symlink(target, place) == 0 else { throw Self.failure("make the link", entry.path) }
    }

    private static func makeFolder(_ path: String) throws(GitDeployError) {
        guard mkdir(path, 0o700) == 0 else { throw failure("make the folder", path) }
    }

    private static func make(
        _ path: String,
        _ isExecutable: Bool
    ) throws(GitDeployError) -> CInt {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = open(path, flags, isExecutable ? 0o700 : 0o600)
        guard file >= 0 else { throw failure("make", path) }
        return file
    }

    private static func append(
        _ piece: ArraySlice<UInt8>,
        to file: CInt,
        _ entry: TreeEntry
    ) throws(GitDeployError) {
        var rest = piece
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", entry.path) }
            rest = rest.dropFirst(count)
        }
    }

    private static func failure(_ verb: String, _ path: String) -> GitDeployError {
        let reason =
            errno == EEXIST
            ? "the tree names it twice" : String(cString: strerror(errno))
        return GitDeployError(
            errno == EEXIST ? .treeRefused : .fileSystem,
            "can't \(verb) \(path): \(reason)"
        )
    }
}
