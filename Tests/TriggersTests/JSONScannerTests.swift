import Foundation
import TestSupport
import Testing
import Triggers

@Suite struct JSONScannerTests {
    @Test(arguments: [
        "null", " true ", "false", "0", "-0", "12.5e-3", "1E+9", "\"\"", "\"a\\n\\u00e4\\\\\"",
        "[]", "[ ]", "{}", "{ }", "[1,2,[3]]", "{\"a\":{\"b\":[null]},\"\":1}", "\"\u{e4}\"",
        "\t\r\n[1]\n", "\"\\\"\"", "{\"a\" : 1 , \"b\" : 2}",
    ])
    func `a valid text is one value`(text: String) throws {
        var scanner = JSONScanner(Array(text.utf8)[...])
        let value = try scanner.whole()
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(String(decoding: value, as: UTF8.self) == trimmed)
    }

    @Test(arguments: [
        "", " ", "nul", "tru e", "01", "-", "1.", ".5", "1e", "1e+", "+1", "\"", "\"\\\"",
        "\"\\q\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "\"\\", "[", "]", "[1", "[1,]", "[,]",
        "[1 2]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "1 2", "[] x",
        "'a'", "NaN", "Infinity", "\u{feff}1", "[1}", "{\"a\":1]",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONScanner.Fault.self) {
            var scanner = JSONScanner(Array(text.utf8)[...])
            _ = try scanner.whole()
        }
    }

    @Test func `a fault says where it is`() {
        let bytes = Array("xx[1, 2 3]".utf8)
        #expect(throws: JSONScanner.Fault(offset: 6, message: "a comma is wanted here")) {
            var scanner = JSONScanner(bytes[2...])
            _ = try scanner.whole()
        }
    }

    @Test func `it goes 128 deep and no deeper`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: 0x5b, count: depth) + Array(repeating: 0x5d, count: depth)
        }
        var scanner = JSONScanner(nested(128)[...])
        #expect(try scanner.whole().count == 256)
        #expect(throws: JSONScanner.Fault.self) {
            var scanner = JSONScanner(nested(129)[...])
            _ = try scanner.whole()
        }
        #expect(throws: JSONScanner.Fault.self) {
            var scanner = JSONScanner(nested(1_000_000)[...])
            _ = try scanner.whole()
        }
    }

    @Test func `elements and members are the bytes that came`() throws {
        var array = JSONScanner(Array("[ 1, {\"a\": [2]} ,\"x\" ]".utf8)[...])
        let elements = try array.elements().map { String(decoding: $0, as: UTF8.self) }
        #expect(elements == ["1", "{\"a\": [2]}", "\"x\""])
        var object = JSONScanner(Array("{\"a\" : 1.0, \"b\\u0041\":[ ]}".utf8)[...])
        let members = try object.members()
        #expect(members.map(\.name) == ["a", "b\\u0041"])
        #expect(members.map { String(decoding: $0.value, as: UTF8.self) } == ["1.0", "[ ]"])
    }

    @Test func `random texts are judged as by another reader`() {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"\\n\"", "\"\\x\"", "1", "-1.5e2", "0", "true",
            "null", " ", "\n", "e", "\"", "\\", "\"k\":", "[1]", "{\"q\":2}",
        ]
        var valid = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...7, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
            let other = try? JSONSerialization.jsonObject(
                with: Data(text.utf8),
                options: .fragmentsAllowed
            )
            var scanner = JSONScanner(Array(text.utf8)[...])
            let own = try? scanner.whole()
            #expect((own == nil) == (other == nil), "\(text)")
            if own != nil { valid += 1 }
        }
        #expect(valid > 500)
    }

    @Test func `random bytes never trap`() {
        var random = SeededGenerator(seed: 8)
        let bytes = Array("{}[],:\"\\u0019ae+-. \n\u{1}tfn".utf8)
        for _ in 0..<50_000 {
            let count = Int.random(in: 0...12, using: &random)
            let text = (0..<count).map { _ in bytes.randomElement(using: &random) ?? 0 }
            var scanner = JSONScanner(text[...])
            _ = try? scanner.whole()
        }
    }
}
