/// One line of `git ls-tree -r -t -z`.
package struct TreeEntry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case folder
        case file(isExecutable: Bool)
        case link
        /// The commit of another repository.
        case submodule
    }

    package let kind: Kind
    package let id: ObjectID
    /// From the root of the repository; it may have parts such as `..` in a tree that was made to
    /// do harm.
    package let path: String

    package init(kind: Kind, id: ObjectID, path: String) {
        self.kind = kind
        self.id = id
        self.path = path
    }

    /// The folder that it lies in; empty for the root.
    package var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return String(path[..<slash])
    }

    /// Whether it lies in `folder` or below; everything lies below the root.
    package func lies(in folder: String) -> Bool {
        folder.isEmpty || path.hasPrefix(folder + "/")
    }
}

extension TreeEntry {
    /// Reads the whole list.
    ///
    /// - Throws: `treeRefused` for a name that is not UTF-8; `gitFailed` for what git does not say.
    package static func read(_ bytes: [UInt8]) throws(GitDeployError) -> [TreeEntry] {
        var entries: [TreeEntry] = []
        for record in bytes.split(separator: 0) { entries.append(try entry(record)) }
        return entries
    }

    private static func entry(_ record: ArraySlice<UInt8>) throws(GitDeployError) -> TreeEntry {
        guard let tab = record.firstIndex(of: UInt8(ascii: "\t")) else {
            throw GitDeployError(.gitFailed, "git ls-tree says what is no entry of a tree")
        }
        let words = record[..<tab].split(separator: UInt8(ascii: " "))
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 3, let id = ObjectID(words[2]) else {
            throw GitDeployError(.gitFailed, "git ls-tree says what is no entry of a tree")
        }
        let name = record[(tab + 1)...]
        guard let path = String(validating: name, as: UTF8.self) else {
            throw GitDeployError(
                .treeRefused,
                "\(String(decoding: name, as: UTF8.self)) has a name that is not UTF-8"
            )
        }
        return TreeEntry(kind: kind(words[0]), id: id, path: path)
    }

    private static func kind(_ mode: String) -> Kind {
        switch mode {
        case "040000": .folder
        case "120000": .link
        case "160000": .submodule
        default: .file(isExecutable: mode == "100755")
        }
    }
}
