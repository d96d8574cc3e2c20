import Brokers
import Testing

struct HeldTokensTests {
    @Test func `tokens come out once their pause has passed, the longest due first`() {
        var held = HeldTokens()
        for (token, due) in [("c", 300), ("a", 100), ("b", 200), ("a2", 100)] {
            held.hold(token, untilMillis: Int64(due))
        }

        #expect(held.nextDueMillis == 100)
        #expect(held.takeDue(atMillis: 99, max: 10) == [])
        #expect(Set(held.takeDue(atMillis: 100, max: 10)) == ["a", "a2"])
        #expect(held.takeDue(atMillis: 1_000, max: 1) == ["b"])
        #expect(held.tokens == ["c"])
    }

    @Test func `any order of holding gives the order of being due`() {
        var held = HeldTokens()
        let dues = (0..<500).map { _ in Int64.random(in: 0..<100) }
        for due in dues { held.hold("\(due)", untilMillis: due) }

        let taken = held.takeDue(atMillis: 100, max: 500).compactMap { Int64($0) }

        #expect(taken == dues.sorted())
        #expect(held.count == 0)
    }
}
