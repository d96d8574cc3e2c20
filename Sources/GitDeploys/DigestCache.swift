package import Functions
import Glibc

/// Remembers which bundle each folder's contents make, so that a push looks at what changed only.
///
/// The digest follows from a tree's contents, and so from its name. It is a file of the repository
/// that may be lost at any time.
package struct DigestCache {
    package struct Entry: Sendable, Hashable {
        /// Of the bundle: SHA-256 in hexadecimal.
        package let digest: String
        /// As the manifest says.
        package let name: FunctionName

        package init(digest: String, name: FunctionName) {
            self.digest = digest
            self.name = name
        }
    }

    /// Changes when the same folder would make another bundle.
    private static let format = "1"
    private let path: String
    private var entries: [ObjectID: Entry] = [:]
    /// The oldest first.
    private var order: [ObjectID] = []
    private var isChanged = false

    /// Reads the file `digests` of `folder`, where there is one.
    package init(folder: String) {
        path = "\(folder)/digests"
        guard let bytes = SmallFile.contents(of: path, bytesMax: Self.bytesMax) else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 4, words[0] == Self.format, let tree = ObjectID(words[1]),
                let name = FunctionName(String(words[3])), words[2].utf8.count == 64
            else { continue }
            entries[tree] = Entry(digest: String(words[2]), name: name)
            order.append(tree)
        }
    }

    package subscript(_ tree: ObjectID) -> Entry? { entries[tree] }

    package mutating func remember(_ entry: Entry, for tree: ObjectID) {
        guard entries.updateValue(entry, forKey: tree) == nil else { return }
        order.append(tree)
        isChanged = true
    }

    /// Writes what is new; a repository where that cannot be is worked on all the same.
    package func save() {
        guard isChanged else { return }
        let lines = order.suffix(GitLimits.digestCountMax).compactMap { tree in
            entries[tree].map { "\(Self.format) \(tree) \($0.digest) \($0.name)\n" }
        }
        try? SmallFile.write(Array(lines.joined().utf8), to: path)
    }

    private static let bytesMax = GitLimits.digestCountMax * 256
}
