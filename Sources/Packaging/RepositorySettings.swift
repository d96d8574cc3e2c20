import Yams

/// What `faas.yaml` at the root of a repository says about its pushes.
package struct RepositorySettings: Sendable, Hashable {
    package static let fileName = "faas.yaml"
    /// Branches that the file may name.
    package static let branchCountMax = 64

    /// What a branch's functions are.
    package enum Environment: String, Sendable, Hashable, CaseIterable {
        /// They have the names that their manifests say.
        case production
        /// They have names of their own, with the branch's in it, and go with the branch.
        case preview
        /// They are not deployed.
        case ignored
    }

    /// Whether a function whose folder is gone from the tree is taken out of service.
    package var prune = false
    /// Branches that are named are what they are said to be, and all others previews.
    package var branches: [String: Environment] = [
        "main": .production, "master": .production,
    ]

    package init() {}

    package func environment(of branch: String) -> Environment { branches[branch] ?? .preview }
}

extension RepositorySettings {
    private static let keys = ["prune", "branches"]
    /// As git's own limit of a reference's name allows, in bytes.
    private static let branchNameBytesMax = 255

    /// Reads the file's text; one without any key leaves everything as it is without a file.
    ///
    /// - Throws: ``PackagingError/Code/manifestInvalid`` with every fault of the file.
    package static func read(
        _ bytes: [UInt8],
        file: String = fileName
    ) throws(PackagingError) -> RepositorySettings {
        let faults = ManifestFaults(file: file)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            faults.add("the file is not UTF-8 text", at: nil)
            throw faults.error()
        }
        var settings = RepositorySettings()
        guard saysSomething(text) else { return settings }
        guard let root = ManifestTree.compose(text, faults: faults),
            let top = ManifestSection(root, path: "", keys: keys, faults: faults)
        else { throw faults.error() }
        if let prune = top["prune"]?.word(among: ["true", "false"]) {
            settings.prune = prune == "true"
        }
        if let branches = top["branches"] {
            settings.branches = environments(branches)
        }
        guard faults.list.isEmpty else { throw faults.error() }
        return settings
    }

    private static func environments(_ value: ManifestValue) -> [String: Environment] {
        guard let entries = ManifestSection.entries(of: value) else { return [:] }
        guard entries.count <= branchCountMax else {
            value.fault("has \(entries.count) entries", allowed: "at most \(branchCountMax)")
            return [:]
        }
        var branches: [String: Environment] = [:]
        for (branch, environment) in entries {
            guard !branch.isEmpty, branch.utf8.count <= branchNameBytesMax,
                !branch.hasPrefix("refs/")
            else {
                environment.fault("is no branch's name", allowed: "a name such as main")
                continue
            }
            branches[branch] = ManifestReader.word(environment)
        }
        return branches
    }

    /// Whether there is more than space and comments.
    private static func saysSomething(_ text: String) -> Bool {
        text.split(whereSeparator: \.isNewline).contains { line in
            guard let first = line.first(where: { !$0.isWhitespace }) else { return false }
            return first != "#" && !line.hasPrefix("---")
        }
    }
}
