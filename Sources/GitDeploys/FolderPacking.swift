package import Functions
import Packaging

/// A function of a commit, known by its bundle's digest.
package struct CommitFunction: Sendable {
    package let folder: CommitFolder
    /// As the manifest says.
    package let name: FunctionName
    package let digest: String
}

/// A bundle that lies ready to be sent.
struct ReadyBundle: Sendable {
    let archive: String
    let byteCount: Int
    let notes: [String]
}

/// Makes bundles of a commit's folders.
struct FolderPacking {
    let repository: GitRepository
    let workplace: Workplace
    private(set) var bundles: [String: ReadyBundle] = [:]
    private var cache: DigestCache

    init(repository: GitRepository, workplace: Workplace) {
        self.repository = repository
        self.workplace = workplace
        cache = DigestCache(folder: "\(repository.folder)/faas")
    }

    /// The function of a folder; without looking into one that was looked into before.
    ///
    /// - Throws: ``GitDeployError``, ``PackagingError``.
    mutating func function(_ folder: CommitFolder) throws -> CommitFunction {
        if let known = cache[folder.tree] {
            return CommitFunction(folder: folder, name: known.name, digest: known.digest)
        }
        return try pack(folder)
    }

    /// The bundle of a function, packed now unless it lies ready.
    mutating func bundle(of function: CommitFunction) throws -> ReadyBundle {
        if let bundle = bundles[function.folder.path] { return bundle }
        _ = try pack(function.folder)
        guard let bundle = bundles[function.folder.path] else {
            throw GitDeployError(.fileSystem, "\(function.folder.shownPath) could not be packed")
        }
        return bundle
    }

    /// Removes a bundle that has been sent.
    mutating func forget(_ function: CommitFunction) {
        guard let bundle = bundles.removeValue(forKey: function.folder.path) else { return }
        Workplace.remove(bundle.archive)
    }

    func save() { cache.save() }

    private mutating func pack(_ folder: CommitFolder) throws -> CommitFunction {
        let place = "\(workplace.path)/\(folder.tree)"
        defer { Workplace.remove(place) }
        let reader = try ObjectReader(repository)
        try FolderExport(reader: reader).write(folder, into: place)
        do {
            let checked = try FunctionFolder(place)
            let name = try Self.name(checked.manifest.name)
            let packed = try Bundle.pack(folder: place, into: "\(place).tar")
            bundles[folder.path] = ReadyBundle(
                archive: packed.archive,
                byteCount: packed.byteCount,
                notes: checked.notes
            )
            cache.remember(.init(digest: packed.digest, name: name), for: folder.tree)
            return CommitFunction(folder: folder, name: name, digest: packed.digest)
        } catch let error as PackagingError {
            throw Self.renamed(error, from: place, to: folder)
        }
    }

    private static func name(_ text: String) throws(GitDeployError) -> FunctionName {
        guard let name = FunctionName(text), !name.isPreview else {
            throw GitDeployError(
                .pushRefused,
                "function.yaml says `name: \(text)`, but '\(FunctionName.previewMark)' is for the "
                    + "previews of branches",
                advice: "choose a name without it"
            )
        }
        return name
    }

    /// Says the folder's name in the repository, not where it was checked.
    private static func renamed(
        _ error: PackagingError,
        from place: String,
        to folder: CommitFolder
    ) -> GitDeployError {
        let prefix = folder.path.isEmpty ? "" : "\(folder.path)/"
        func named(_ text: String) -> String {
            text.replacing("\(place)/", with: prefix).replacing(place, with: folder.shownPath)
        }
        let isAboutEntry = error.code == .entryRefused
        let message =
            (isAboutEntry ? prefix : "")
            + (error.cause.map { "\(error.message): \($0)" } ?? error.message)
        return GitDeployError(
            .pushRefused,
            named(message),
            details: error.faults.map { named("\(prefix)\($0)") },
            advice: nil
        )
    }
}
