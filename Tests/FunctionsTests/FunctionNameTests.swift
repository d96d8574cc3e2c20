import Functions
import TestSupport
import Testing

@Suite struct FunctionNameTests {
    @Test(arguments: [
        "a", "0", "echo", "a-b", "a--b", "3d", "x0-1y", String(repeating: "a", count: 63),
    ])
    func `a DNS label is a name`(text: String) throws {
        let name = try #require(FunctionName(text))

        #expect(name.description == text)
    }

    @Test(arguments: [
        "", "-", "-a", "a-", "A", "Echo", "a_b", "a.b", "a/b", "a b", " a", "a\n", "a\0", "é",
        "ａ", "..", "a%2f", "日本", "a\u{301}", String(repeating: "a", count: 64),
    ])
    func `anything else is none`(text: String) {
        #expect(FunctionName(text) == nil)
    }

    @Test func `names sort as their text does`() {
        let texts = ["b", "a", "a-b", "a0", "aa", "0"]

        #expect(texts.compactMap { FunctionName($0) }.sorted().map(\.description) == texts.sorted())
    }

    @Test func `of thousands of random texts the names are those of the rule`() {
        var generator = SeededGenerator(seed: 1)
        let characters = Array("abz019-._A /é")
        var nameCount = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...6, using: &generator)
            let text = String(
                (0..<count).map { _ in
                    characters[Int.random(in: characters.indices, using: &generator)]
                }
            )
            let isName = text.wholeMatch(of: /[a-z0-9]([a-z0-9-]*[a-z0-9])?/) != nil

            #expect((FunctionName(text) != nil) == isName, "\(text)")
            nameCount += isName ? 1 : 0
        }
        #expect(nameCount > 1_000)
    }
}
