/// Whether a function's answer is the expected one.
///
/// Numbers may differ a little, since they come from models.
package struct SampleComparison: Sendable {
    /// Numbers may differ by this part of the expected one.
    package var relativeTolerance = 1e-3
    /// Or by this much, whichever is more.
    package var absoluteTolerance = 1e-6

    package init() {}

    /// Where an answer first differs, and how.
    package struct Difference: Sendable, Hashable, CustomStringConvertible {
        /// `$.boxes[2].text`.
        package let path: String
        package let problem: String

        package var description: String { "\(path) \(problem)" }
    }

    /// Nil when the answer is as expected; otherwise the first difference, keys in sorted order.
    ///
    /// - Throws: ``PackagingError/Code/sampleInvalid`` when either is not JSON.
    package func firstDifference(
        expected: [UInt8],
        answer: [UInt8]
    ) throws(PackagingError) -> Difference? {
        let expected = try JSONValue(expected, name: SampleFile.expectedName)
        let answer = try JSONValue(answer, name: "the answer")
        return firstDifference(expected: expected, answer: answer, path: "$")
    }

    /// As ``firstDifference(expected:answer:)``, for what is parsed already.
    package func firstDifference(
        expected: JSONValue,
        answer: JSONValue,
        path: String = "$"
    ) -> Difference? {
        switch (expected, answer) {
        case (.number(let left), .number(let right)):
            guard !areClose(left, right) else { return nil }
        case (.array(let left), .array(let right)):
            return firstDifference(left, right, path: path)
        case (.object(let left), .object(let right)):
            return firstDifference(left, right, path: path)
        default:
            guard expected != answer else { return nil }
        }
        return Difference(
            path: path,
            problem: "is \(Self.excerpt(answer)), expected \(Self.excerpt(expected))"
        )
    }

    private func areClose(_ expected: Double, _ answer: Double) -> Bool {
        let room = max(absoluteTolerance, relativeTolerance * expected.magnitude)
        return (expected - answer).magnitude <= room
    }

    private func firstDifference(
        _ expected: [JSONValue],
        _ answer: [JSONValue],
        path: String
    ) -> Difference? {
        for (index, pair) in zip(expected, answer).enumerated() {
            let place = "\(path)[\(index)]"
            if let found = firstDifference(expected: pair.0, answer: pair.1, path: place) {
                return found
            }
        }
        guard expected.count != answer.count else { return nil }
        return Difference(
            path: path,
            problem: "has \(answer.count) items, expected \(expected.count)"
        )
    }

    private func firstDifference(
        _ expected: [String: JSONValue],
        _ answer: [String: JSONValue],
        path: String
    ) -> Difference? {
        for key in Set(expected.keys).union(answer.keys).sorted() {
            let place = Self.path(path, key: key)
            switch (expected[key], answer[key]) {
            case (let left?, let right?):
                if let found = firstDifference(expected: left, answer: right, path: place) {
                    return found
                }
            case (.some, nil): return Difference(path: place, problem: "is missing")
            default: return Difference(path: place, problem: "is there, but not expected")
            }
        }
        return nil
    }

    private static func path(_ path: String, key: String) -> String {
        let isWord = key.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_")
        }
        return isWord && !key.isEmpty ? "\(path).\(key)" : "\(path)[\(key.debugDescription)]"
    }

    private static func excerpt(_ value: JSONValue) -> String {
        let text = value.description
        return text.count <= 80 ? text : text.prefix(80) + "..."
    }
}
