import Yams

/// A map of the manifest with known keys.
struct ManifestSection {
    /// Empty for the file itself.
    let path: String
    let mark: Mark?
    let faults: ManifestFaults
    private let values: [String: ManifestValue]

    /// Notes a fault for each key that is not in `keys`; nil when `node` is not a map.
    init?(_ node: Node, path: String, keys: [String], faults: ManifestFaults) {
        let value = ManifestValue(path: path, node: node, keyMark: nil, faults: faults)
        guard let entries = Self.entries(of: value) else { return nil }
        var known: [String: ManifestValue] = [:]
        for (key, value) in entries {
            if keys.contains(key) {
                if known[key] == nil { known[key] = value }
            } else {
                let place = path.isEmpty ? "" : " in \(path)"
                faults.add(
                    "unknown key '\(key)'\(place)",
                    at: value.keyMark,
                    allowed: keys.joined(separator: ", "),
                    nearest: NearestWord.of(key, among: keys)
                )
            }
        }
        self.path = path
        mark = node.mark
        self.faults = faults
        values = known
    }

    subscript(_ key: String) -> ManifestValue? { values[key] }

    /// The section under `key`; nil when it is absent or faulty.
    func section(_ key: String, keys: [String]) -> ManifestSection? {
        guard let value = values[key] else { return nil }
        return ManifestSection(value.node, path: value.path, keys: keys, faults: faults)
    }

    /// Notes a fault that arises from several sound values, at the first of `keys` that is written.
    func refuse(_ problem: String, keys: String..., unless isFine: Bool) {
        let paths = keys.map { Self.path($0, in: path) }
        guard !isFine, !paths.contains(where: faults.concern) else { return }
        let written = keys.lazy.compactMap { values[$0] }.first
        faults.add(problem, at: written?.node.mark ?? mark)
    }

    /// The pairs of any map, in order; nil and a fault when `value` is not a map.
    static func entries(of value: ManifestValue) -> [(key: String, value: ManifestValue)]? {
        guard case .mapping(let pairs) = value.node else {
            let name = value.path.isEmpty ? "the file" : value.path
            value.faults.add(
                "\(name) is \(value.kind), not a map",
                at: value.node.mark,
                path: value.path,
                allowed: "keys and values, as in key: value"
            )
            return nil
        }
        return pairs.compactMap { pair in
            guard let scalar = pair.key.scalar else {
                value.faults.add("a key must be a word", at: pair.key.mark)
                return nil
            }
            let key = MarkedText.unmarked(scalar.string)
            let entry = ManifestValue(
                path: path(key, in: value.path),
                node: pair.value,
                keyMark: scalar.mark,
                faults: value.faults
            )
            return (key, entry)
        }
    }

    private static func path(_ key: String, in path: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }
}
