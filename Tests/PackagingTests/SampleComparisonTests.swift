import Packaging
import Testing

@Suite struct SampleComparisonTests {
    @Test(arguments: [
        ("1", "1.0005"), ("0", "0.0000005"), ("1000", "1000.9"), ("-2.5", "-2.4999"),
        (#""a""#, #""a""#), ("true", "true"), ("null", "null"), ("[1, [2]]", "[1.0001, [2]]"),
        (#"{"a": 1, "b": {"c": []}}"#, #"{"b": {"c": []}, "a": 1}"#),
    ])
    func `an answer is as expected when it differs by rounding only`(
        expected: String,
        answer: String
    ) throws {
        #expect(try difference(expected, answer) == nil)
    }

    @Test(arguments: [
        ("1", "1.002", "$ is 1.002, expected 1"),
        ("0", "0.00001", "$ is 1e-05, expected 0"),
        ("1", "true", "$ is true, expected 1"),
        ("true", "1", "$ is 1, expected true"),
        ("1", #""1""#, #"$ is "1", expected 1"#),
        ("null", "false", "$ is false, expected null"),
        ("[1, 2]", "[1]", "$ has 1 items, expected 2"),
        ("[]", "{}", "$ is {}, expected []"),
        (#"{"a": 1}"#, "{}", "$.a is missing"),
        ("{}", #"{"a b": 1}"#, #"$["a b"] is there, but not expected"#),
        (
            #"{"boxes": [{"text": "a"}, {"text": "b"}]}"#,
            #"{"boxes": [{"text": "a"}, {"text": "c"}]}"#,
            #"$.boxes[1].text is "c", expected "b""#
        ),
    ])
    func `the first difference is named by its path`(
        expected: String,
        answer: String,
        difference text: String
    ) throws {
        #expect(try difference(expected, answer)?.description == text)
    }

    @Test(arguments: ["", "{", "[1 2]", "nonsense", "\u{0}", "1 2"])
    func `an answer that is not JSON is an error`(answer: String) {
        let error = #expect(throws: PackagingError.self) { try difference("1", answer) }
        #expect(error?.code == .sampleInvalid)
        #expect(error?.message == "the answer is not JSON")
    }

    @Test func `endless nesting is an error and does not exhaust the stack`() {
        let answer = String(repeating: "[", count: 1 << 20)
        #expect(throws: PackagingError.self) { try difference("1", answer) }
    }

    private func difference(
        _ expected: String,
        _ answer: String
    ) throws -> SampleComparison.Difference? {
        try SampleComparison().firstDifference(
            expected: Array(expected.utf8),
            answer: Array(answer.utf8)
        )
    }
}
