import Functions
import Rollouts
import TestSupport
import Testing

@Suite struct TrafficChooserTests {
    private func parts(_ shares: [Int: Int]) -> [Traffic.Part] {
        shares.map { Traffic.Part(number: $0.key, share: Share(percent: $0.value)) }
    }

    @Test func `each revision gets its share of what is random`() {
        let chooser = TrafficChooser(parts([3: 75, 4: 5, 1: 20]))
        var random = SeededGenerator(seed: 7)
        var counts: [Int: Int] = [:]
        for _ in 0..<100_000 { counts[chooser.number(random: random.next()), default: 0] += 1 }

        #expect(abs(counts[3, default: 0] - 75_000) < 600)
        #expect(abs(counts[4, default: 0] - 5_000) < 300)
        #expect(abs(counts[1, default: 0] - 20_000) < 600)
    }

    @Test func `keys are spread as evenly, even short and similar ones`() {
        let chooser = TrafficChooser(parts([1: 90, 2: 10]))
        let hits = (0..<50_000).filter {
            chooser.number(sticky: StickyKey.hash(of: "user-\($0)")) == 2
        }
        #expect(abs(hits.count - 5_000) < 300)
    }

    @Test func `a key that came to the new revision stays while its share grows`() {
        let choosers = [5, 25, 60, 100].map { TrafficChooser(parts([3: 100 - $0, 4: $0])) }
        for number in 0..<5000 {
            let hash = StickyKey.hash(of: "key \(number)")
            var wasNew = false
            for chooser in choosers {
                let isNew = chooser.number(sticky: hash) == 4
                #expect(isNew || !wasNew)
                wasNew = isNew
            }
            #expect(wasNew)
        }
    }

    @Test func `a share of none serves only what asks for it`() {
        let chooser = TrafficChooser(parts([3: 100, 4: 0]))
        var random = SeededGenerator(seed: 3)

        #expect((0..<1000).allSatisfy { _ in chooser.number(random: random.next()) == 3 })
        #expect(chooser.contains(4))
        #expect(!chooser.contains(2))
        #expect(chooser.number(random: .max) == 3)
    }
}

@Suite struct CookieHeaderTests {
    @Test(arguments: [
        ("X-Revision=4", "4"), ("a=1; X-Revision=4; b=2", "4"), ("a=1;X-Revision=4", "4"),
        ("X-Revision=\"4\"", "4"), ("  X-Revision = 4 ;", "4"), ("X-Revision=", ""),
        ("X-Revision=a=b", "a=b"), ("X-Revision=1; X-Revision=2", "1"),
    ])
    func `a cookie is found by its name`(header: String, value: String) {
        #expect(CookieHeader.value(of: "X-Revision", in: header) == Substring(value))
    }

    @Test(arguments: [
        "", ";", "a=1", "X-Revision", "NX-Revision=4", "x-revision=4", "a=X-Revision=4",
    ])
    func `another one is not`(header: String) {
        #expect(CookieHeader.value(of: "X-Revision", in: header) == nil)
    }

    @Test func `only the first bytes of a long header are read`() {
        let long = String(repeating: "a=1; ", count: 10_000) + "X-Revision=4"
        #expect(CookieHeader.value(of: "X-Revision", in: long) == nil)
    }
}
