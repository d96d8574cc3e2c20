import Yams

/// Collects what is wrong with a manifest while it is read, so that all of it is told at once.
final class ManifestFaults {
    let file: String
    private(set) var list: [FileFault] = []
    private var faultyPaths: Set<String> = []
    /// The text as it was parsed last: a mark in it may lie behind markers that are not the user's.
    var parsedText: MarkedText?

    init(file: String) { self.file = file }

    /// Notes a fault in the value or key named by `path`, such as `limits.memory`.
    func add(
        _ problem: String,
        at mark: Mark?,
        path: String = "",
        allowed: String? = nil,
        nearest: String? = nil
    ) {
        faultyPaths.insert(path)
        guard list.count < ManifestLimits.faultCountMax else { return }
        let line = max(1, mark?.line ?? 1)
        let column = max(1, mark?.column ?? 1)
        list.append(
            FileFault(
                file: file,
                line: line,
                column: parsedText?.originalColumn(line: line, column: column) ?? column,
                problem: problem,
                allowed: allowed,
                nearest: nearest
            )
        )
    }

    /// Whether a fault was noted at `path`; a rule about a faulty value would only add noise.
    func concern(_ path: String) -> Bool { faultyPaths.contains(path) }

    func error() -> PackagingError {
        let sorted = list.enumerated().sorted { left, right in
            (left.element.line, left.element.column, left.offset)
                < (right.element.line, right.element.column, right.offset)
        }
        let count = list.count == 1 ? "a fault" : "\(list.count) faults"
        return PackagingError(
            .manifestInvalid,
            "\(file) has \(count)",
            faults: sorted.map(\.element)
        )
    }
}
