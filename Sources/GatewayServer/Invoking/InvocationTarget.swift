/// The function that a request's target names, when it is on the invocation path.
package struct InvocationTarget {
    static let prefix = "/function/"

    package let name: String
    /// What follows the name, with its slash; empty when nothing does.
    package let path: Substring
    /// Without the question mark; nil when there is none.
    package let query: Substring?

    /// Nil for any other route.
    package init?(_ uri: String) {
        let local = Self.local(uri)
        guard local.utf8.starts(with: Self.prefix.utf8) else { return nil }
        let rest = local.dropFirst(Self.prefix.count)
        let mark = rest.firstIndex(of: "?")
        let location = rest[..<(mark ?? rest.endIndex)]
        query = mark.map { rest[rest.index(after: $0)...] }
        let slash = location.firstIndex(of: "/") ?? location.endIndex
        name = String(location[..<slash])
        path = location[slash...]
    }

    /// Without the scheme and authority of the absolute form (RFC 9112, section 3.2.2).
    private static func local(_ uri: String) -> Substring {
        guard uri.utf8.first != UInt8(ascii: "/"), let colon = uri.firstIndex(of: ":"),
            uri[colon...].hasPrefix("://"),
            let slash = uri[colon...].dropFirst(3).firstIndex(of: "/")
        else { return uri[...] }
        return uri[slash...]
    }
}
