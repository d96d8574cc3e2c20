import Glibc

/// Finds what of a folder belongs into its bundle.
struct FolderScan {
    let root: String
    let rules: IgnoreRules

    /// Reads the folder's `.faasignore` where there is one.
    init(_ root: String) throws(PackagingError) {
        self.root = root
        var status = stat()
        guard stat(root, &status) == 0 else { throw .system("can't open the folder \(root)") }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw PackagingError(.fileSystem, "\(root) is not a folder")
        }
        var rules = IgnoreRules()
        let ignoreFile = "\(root)/\(IgnoreRules.fileName)"
        if access(ignoreFile, F_OK) == 0 {
            let bytesMax = BundleLimits.ignoreBytesMax
            let bytes = try OpenFile.contents(of: ignoreFile, bytesMax: bytesMax)
            try rules.add(String(decoding: bytes, as: UTF8.self))
        }
        self.rules = rules
    }

    /// Every entry, sorted by the bytes of its path, so that a folder comes before what is in it.
    func entries() throws(PackagingError) -> [BundleEntry] {
        var found: [BundleEntry] = []
        var folders = [""]
        while let folder = folders.popLast() {
            for name in try Self.names(in: folder.isEmpty ? root : "\(root)/\(folder)") {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                guard let entry = try entry(at: path) else { continue }
                found.append(entry)
                if entry.kind == .directory { folders.append(path) }
                guard found.count <= BundleLimits.fileCountMax else {
                    let most = BundleLimits.fileCountMax
                    throw PackagingError(
                        .limitExceeded,
                        "\(root) has more than \(most) files and folders"
                    )
                }
            }
        }
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// Nil when the rules leave it out.
    private func entry(at path: String) throws(PackagingError) -> BundleEntry? {
        let file = "\(root)/\(path)"
        var status = stat()
        guard lstat(file, &status) == 0 else { throw .system("can't look at \(file)") }
        let type = status.st_mode & S_IFMT
        guard !rules.exclude(path, isDirectory: type == S_IFDIR) else { return nil }
        if let fault = BundleEntry.fault(inPath: path) { throw refused(path, fault) }
        switch type {
        case S_IFDIR: return BundleEntry(path: path, kind: .directory)
        case S_IFREG:
            let isExecutable = status.st_mode & S_IXUSR != 0
            let byteCount = Int(status.st_size)
            return BundleEntry(
                path: path,
                kind: .file(byteCount: byteCount, isExecutable: isExecutable)
            )
        case S_IFLNK:
            let target = try Self.target(ofLink: file)
            if let fault = BundleEntry.fault(inLinkTarget: target, at: path) {
                throw refused(path, fault)
            }
            return BundleEntry(path: path, kind: .link(target: target))
        default: throw refused(path, "is neither a file, a folder nor a link")
        }
    }

    private func refused(_ path: String, _ fault: String) -> PackagingError {
        PackagingError(
            .entryRefused,
            "\(path) \(fault); change it, or name it in \(IgnoreRules.fileName)"
        )
    }

    private static func target(ofLink path: String) throws(PackagingError) -> String {
        let chunk = Chunk(byteCount: Int(PATH_MAX))
        guard let start = chunk.bytes.baseAddress else { return "" }
        let room = start.assumingMemoryBound(to: CChar.self)
        let count = readlink(path, room, chunk.bytes.count)
        guard count >= 0 else { throw .system("can't read the link \(path)") }
        guard let target = String(validating: chunk[0..<count], as: UTF8.self) else {
            throw PackagingError(.entryRefused, "\(path) is a link to a name that is not UTF-8")
        }
        return target
    }

    /// The names in a folder, but for `.` and `..`.
    static func names(in folder: String) throws(PackagingError) -> [String] {
        guard let stream = opendir(folder) else { throw .system("can't open \(folder)") }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    String(validatingCString: $0)
                }
            }
            guard let name else {
                throw PackagingError(.entryRefused, "\(folder) has a name that is not UTF-8")
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw .system("can't read \(folder)") }
        return names
    }
}
