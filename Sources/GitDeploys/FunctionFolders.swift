import Packaging

/// A folder of a commit with a `function.yaml`.
package struct CommitFolder: Sendable, Hashable {
    /// From the root of the repository; empty for the root itself.
    package let path: String
    /// Names the contents of the folder, whatever commit they are in.
    package let tree: ObjectID
    /// What is in it and below.
    package let entries: [TreeEntry]

    package init(path: String, tree: ObjectID, entries: [TreeEntry]) {
        self.path = path
        self.tree = tree
        self.entries = entries
    }

    /// For messages.
    package var shownPath: String { path.isEmpty ? "." : path }

    /// The function folders of a tree, by path; `root` is the tree's own name.
    ///
    /// - Throws: `limitExceeded`.
    package static func all(
        in tree: [TreeEntry],
        root: ObjectID
    ) throws(GitDeployError) -> [CommitFolder] {
        let manifest = ManifestReader.fileName
        let paths = tree.filter { $0.path == manifest || $0.path.hasSuffix("/\(manifest)") }
            .map(\.folder)
        guard paths.count <= GitLimits.functionCountMax else {
            throw GitDeployError(
                .limitExceeded,
                "the commit has \(paths.count) functions, more than \(GitLimits.functionCountMax)",
                advice: "spread them over several repositories"
            )
        }
        let trees = Dictionary(
            tree.filter { $0.kind == .folder }.map { ($0.path, $0.id) }
        ) { first, _ in first }
        return Set(paths).sorted().map { path in
            CommitFolder(
                path: path,
                tree: path.isEmpty ? root : trees[path] ?? root,
                entries: tree.filter { $0.lies(in: path) }
            )
        }
    }
}
