/// One file, folder or link of a bundle.
package struct BundleEntry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case directory
        case file(byteCount: Int, isExecutable: Bool)
        /// A symbolic link; its target is relative and within the bundle.
        case link(target: String)
    }

    /// Relative to the bundle, with `/` between components and none at either end.
    package let path: String
    package let kind: Kind

    package init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

extension BundleEntry {
    /// Says why `path` can't be the path of an entry; nil when it can.
    static func fault(inPath path: String) -> String? {
        guard !path.isEmpty else { return "has no name" }
        guard path.utf8.count <= BundleLimits.pathLengthMax else {
            return "has a path of more than \(BundleLimits.pathLengthMax) bytes"
        }
        guard !path.utf8.contains(where: isControl) else {
            return "has a control character in its name"
        }
        guard path.utf8.first != UInt8(ascii: "/") else { return "has an absolute path" }
        for component in components(path) where ["", ".", ".."].contains(component) {
            return "has '\(component)' as a component of its path"
        }
        return nil
    }

    /// Says why a link at `path` may not lead to `target`; nil when it may.
    ///
    /// `..` may stand only in front, and not more often than the link lies deep. A link's folder is
    /// never itself a link, so such a target stays inside even where it passes through other links.
    static func fault(inLinkTarget target: String, at path: String) -> String? {
        guard !target.isEmpty else { return "is a link to nothing" }
        guard target.utf8.count <= BundleLimits.linkLengthMax else {
            return "is a link with a target of more than \(BundleLimits.linkLengthMax) bytes"
        }
        guard !target.utf8.contains(where: isControl) else {
            return "is a link with a control character in its target"
        }
        guard target.utf8.first != UInt8(ascii: "/") else {
            return "is a link to the absolute path '\(target)'"
        }
        let steps = components(target)
        let climbs = steps.prefix { $0 == ".." }.count
        guard climbs < components(path).count, !steps.dropFirst(climbs).contains("..") else {
            return "is a link to '\(target)', which may lie outside"
        }
        return nil
    }

    static func components(_ path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }
}
