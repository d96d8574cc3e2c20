import Yams

/// A value of the manifest: its node, and the path by which faults name it.
///
/// Each reading returns nil after it has noted why the value is not what was asked for.
struct ManifestValue {
    /// `limits.memory`.
    let path: String
    let node: Node
    let keyMark: Mark?
    let faults: ManifestFaults

    /// Notes a fault at the value.
    func fault(_ problem: String, allowed: String? = nil, nearest: String? = nil) {
        faults.add(
            "\(path) \(problem)",
            at: node.mark,
            path: path,
            allowed: allowed,
            nearest: nearest
        )
    }

    /// The scalar's text, quoted or not.
    func text(allowed: String) -> String? {
        guard let scalar = scalar(allowed: allowed) else { return nil }
        return scalar.string
    }

    func integer(_ range: ClosedRange<Int>) -> Int? {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let scalar = scalar(allowed: allowed) else { return nil }
        guard scalar.style == .plain else {
            fault("is text, not a number; write it without quotes", allowed: allowed)
            return nil
        }
        let digits = scalar.string.utf8.drop { $0 == UInt8(ascii: "-") }
        let isDecimal = digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isDecimal, let number = Int(scalar.string) else {
            fault("is '\(excerpt(scalar.string))', not a whole number", allowed: allowed)
            return nil
        }
        guard range.contains(number) else {
            fault("is \(number), \(side(of: number, range))", allowed: allowed)
            return nil
        }
        return number
    }

    /// A quantity with a unit, in what `measure` counts.
    func quantity(_ measure: Measure, _ range: ClosedRange<Int>) -> Int? {
        guard let scalar = scalar(allowed: measure.allowed) else { return nil }
        let count: Int
        do {
            count = try measure.read(scalar.string)
        } catch {
            refuse(excerpt(scalar.string), as: measure, because: error)
            return nil
        }
        guard range.contains(count) else {
            let least = measure.text(of: range.lowerBound)
            let most = measure.text(of: range.upperBound)
            fault(
                "is \(excerpt(scalar.string)), \(side(of: count, range))",
                allowed: "\(least) to \(most)"
            )
            return nil
        }
        return count
    }

    private func refuse(_ written: String, as measure: Measure, because reason: Measure.Fault) {
        let allowed = measure.allowed
        switch reason {
        case .notANumber: fault("is '\(written)', not a quantity", allowed: allowed)
        case .negative: fault("is \(written), but it can't be negative", allowed: allowed)
        case .notCountable:
            fault("is \(written), too fine or too large a number", allowed: allowed)
        case .unitMissing(let nearest):
            fault("is \(written), without a unit", allowed: allowed, nearest: nearest)
        case .unitUnknown(let unit, let nearest):
            fault(
                "is \(written), but there is no unit '\(unit)'",
                allowed: allowed,
                nearest: nearest
            )
        }
    }

    /// One of `words`.
    func word(among words: [String]) -> String? {
        let allowed = words.joined(separator: ", ")
        guard let scalar = scalar(allowed: allowed) else { return nil }
        guard words.contains(scalar.string) else {
            fault(
                "is '\(excerpt(scalar.string))'",
                allowed: allowed,
                nearest: NearestWord.of(scalar.string, among: words)
            )
            return nil
        }
        return scalar.string
    }

    func list(countMax: Int, of what: String) -> [ManifestValue]? {
        guard case .sequence(let items) = node else {
            fault("is \(kind), not a list", allowed: "a list of \(what), as in [a, b]")
            return nil
        }
        guard items.count <= countMax else {
            fault("has \(items.count) entries", allowed: "at most \(countMax)")
            return nil
        }
        return items.enumerated().map { index, item in
            ManifestValue(path: "\(path)[\(index)]", node: item, keyMark: nil, faults: faults)
        }
    }

    var isMap: Bool {
        if case .mapping = node { true } else { false }
    }

    /// What the value is, for a message.
    var kind: String {
        switch node {
        case .scalar(let scalar) where Self.isNull(scalar): "empty"
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a map"
        case .alias: "an alias"
        }
    }

    private func scalar(allowed: String) -> Node.Scalar? {
        guard case .scalar(let scalar) = node, !Self.isNull(scalar) else {
            fault("is \(kind)", allowed: allowed)
            return nil
        }
        return scalar
    }

    private static func isNull(_ scalar: Node.Scalar) -> Bool {
        scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private func side(of number: Int, _ range: ClosedRange<Int>) -> String {
        number < range.lowerBound ? "which is too little" : "which is too much"
    }

    private func excerpt(_ text: String) -> String {
        text.count <= 40 ? text : text.prefix(40) + "..."
    }
}
