import GitDeploys
import Glibc
import Hosts
import Packaging

/// What differs between two unpacked bundles.
enum FolderDifference {
    enum Kind: String, Encodable {
        case added, removed, changed
    }

    struct Change: Encodable {
        var path: String
        var change: Kind
    }

    /// Files and links, by path; a file that may be run and one that may not differ too.
    static func changes(
        from old: UnpackedBundle,
        to new: UnpackedBundle
    ) throws(PackagingError) -> [Change] {
        let before = leaves(old)
        let after = leaves(new)
        var changes: [Change] = []
        for path in Set(before.keys).union(after.keys).sorted() {
            switch (before[path], after[path]) {
            case (let kind?, let other?):
                let isSame = kind == other ? try isSame(path, kind, old, new) : false
                if !isSame {
                    changes.append(Change(path: path, change: .changed))
                }
            case (nil, _): changes.append(Change(path: path, change: .added))
            case (_, nil): changes.append(Change(path: path, change: .removed))
            }
        }
        return changes
    }

    private static func leaves(_ bundle: UnpackedBundle) -> [String: BundleEntry.Kind] {
        var leaves: [String: BundleEntry.Kind] = [:]
        for entry in bundle.entries where entry.kind != .directory {
            leaves[entry.path] = entry.kind
        }
        return leaves
    }

    private static func isSame(
        _ path: String,
        _ kind: BundleEntry.Kind,
        _ old: UnpackedBundle,
        _ new: UnpackedBundle
    ) throws(PackagingError) -> Bool {
        guard case .file = kind else { return true }
        return try Bundle.digest(ofFile: "\(old.folder)/\(path)")
            == Bundle.digest(ofFile: "\(new.folder)/\(path)")
    }
}

extension FolderDifference {
    /// Prints what `git diff`, or else `diff`, says of two folders in `place`.
    static func show(from old: String, to new: String, in place: String) throws(CommandFailure) {
        let console = Console.current
        let environment = GitRepository.cleared(console.environment)
        let colour = console.paint.isOn ? "always" : "never"
        let program: String
        var words: [String]
        if let git = ProgramOutput.path(of: "git", environment) {
            program = git
            words = ["--no-pager", "diff", "--no-index", "--no-prefix", "--no-ext-diff"]
        } else if let diff = ProgramOutput.path(of: "diff", environment) {
            program = diff
            words = ["-ruN"]
        } else {
            throw CommandFailure(
                .refused,
                "there is neither git nor diff",
                advice: "install git, or use -o json"
            )
        }
        words += ["--color=\(colour)", old, new]
        // Their output names the folders as they are given: without where they lie.
        let status = ProgramOutput.copy(
            "/bin/sh",
            ["-c", #"cd "$0" && exec "$@""#, place, program] + words,
            environment: environment,
            to: console.output
        )
        // 1 says that there are differences.
        guard let status, status <= 1 else {
            // Ctrl-C on a terminal ends the program too.
            if Interruption.isRequested { throw CommandFailure(.interrupted, "stopped") }
            throw CommandFailure(.refused, "\(program) could not compare the revisions")
        }
    }
}
