import Glibc

/// Writes an archive's entries below a folder that is this process's alone.
///
/// Nothing is written through a link: an entry whose folder is a link is refused, as is one that is
/// there already. So no path needs to be resolved.
struct Unpacking {
    let root: String
    private(set) var entries: [BundleEntry] = []
    /// By path, as bytes: two spellings of one accented letter are two names.
    private var isDirectory: [[UInt8]: Bool] = [:]
    /// Folders that were made for an entry before their own entry came, if it comes.
    private var implied: Set<[UInt8]> = []

    init(root: String) { self.root = root }

    /// Writes the entry that `reader` stands at.
    mutating func add(
        _ header: TarHeader,
        from reader: inout ArchiveReader
    ) throws(PackagingError) {
        let isFolder = header.entry.kind == .directory
        let path = Self.trimmed(header.entry.path, isFolder: isFolder)
        // `tar -c .` begins with the folder itself.
        if isFolder, path.isEmpty || path == "." { return }
        if let fault = BundleEntry.fault(inPath: path) { throw Self.refused(path, fault) }
        try makeFolders(above: path)
        if isFolder, implied.remove(Array(path.utf8)) != nil { return }
        guard isDirectory[Array(path.utf8)] == nil else {
            throw Self.refused(path, "is in it twice")
        }
        let entry = BundleEntry(path: path, kind: header.entry.kind)
        switch entry.kind {
        case .directory: try makeFolder(path)
        case .link(let target): try makeLink(path, target: target)
        case .file(let byteCount, let isExecutable):
            guard byteCount <= BundleLimits.bundleBytesMax else {
                throw Self.refused(path, "has \(byteCount) bytes, which is too much")
            }
            try note(entry)
            let file = try OpenFile(creating: "\(root)/\(path)", mode: 0o600)
            try reader.copyContent(of: header, to: file)
            try file.setMode(isExecutable ? 0o555 : 0o444)
        }
    }

    /// Makes the folders read-only, innermost first, and waits until all is on the disk.
    func finish() throws(PackagingError) {
        for entry in entries.reversed() where entry.kind == .directory {
            guard chmod("\(root)/\(entry.path)", 0o555) == 0 else {
                throw .system("can't change mode of \(root)/\(entry.path)")
            }
        }
        guard chmod(root, 0o555) == 0 else { throw .system("can't change mode of \(root)") }
        let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("can't open \(root)") }
        defer { close(descriptor) }
        guard Self.syncFileSystem(descriptor) == 0 else {
            throw .system("can't write \(root) to the disk")
        }
    }

    /// One wait for all files, by `syncfs(2)`.
    ///
    /// Swift's Glibc module does not declare it, so it is looked up; where it is missing, every
    /// file system is waited for.
    private static let syncFileSystem: @Sendable (Int32) -> Int32 = {
        typealias Function = @convention(c) (Int32) -> Int32
        guard let symbol = dlsym(nil, "syncfs") else {
            return { _ in
                sync()
                return 0
            }
        }
        let function = unsafeBitCast(symbol, to: Function.self)
        return { function($0) }
    }()

    private mutating func makeFolders(above path: String) throws(PackagingError) {
        let components = BundleEntry.components(path)
        for depth in 1..<max(1, components.count) {
            let folder = components.prefix(depth).joined(separator: "/")
            switch isDirectory[Array(folder.utf8)] {
            case true: continue
            case false: throw Self.refused(path, "lies in '\(folder)', which is not a folder")
            default:
                try makeFolder(folder)
                implied.insert(Array(folder.utf8))
            }
        }
    }

    private mutating func makeFolder(_ path: String) throws(PackagingError) {
        try note(BundleEntry(path: path, kind: .directory))
        guard mkdir("\(root)/\(path)", 0o700) == 0 else {
            throw .system("can't make the folder \(root)/\(path)")
        }
    }

    private mutating func makeLink(_ path: String, target: String) throws(PackagingError) {
        if let fault = BundleEntry.fault(inLinkTarget: target, at: path) {
            throw Self.refused(path, fault)
        }
        try note(BundleEntry(path: path, kind: .link(target: target)))
        guard symlink(target, "\(root)/\(path)") == 0 else {
            throw .system("can't make the link \(root)/\(path)")
        }
    }

    private mutating func note(_ entry: BundleEntry) throws(PackagingError) {
        guard entries.count < BundleLimits.fileCountMax else {
            let most = BundleLimits.fileCountMax
            throw PackagingError(.limitExceeded, "the archive has more than \(most) entries")
        }
        isDirectory[Array(entry.path.utf8)] = entry.kind == .directory
        entries.append(entry)
    }

    /// Without the `./` that tar puts in front and the `/` that it puts after a folder.
    private static func trimmed(_ path: String, isFolder: Bool) -> String {
        var path = path[...]
        if path.hasPrefix("./") { path = path.dropFirst(2) }
        if isFolder, path.utf8.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }

    private static func refused(_ path: String, _ fault: String) -> PackagingError {
        PackagingError(.archiveInvalid, "'\(path)' of the archive \(fault)")
    }
}
