import CLI
import Testing

@Suite struct TextTests {
    @Test(
        arguments: [
            (0, "0"), (1, "1 us"), (999, "999 us"), (1000, "1 ms"), (3410, "3.41 ms"),
            (12_345, "12.3 ms"), (999_999, "999 ms"), (2_500_000, "2.5 s"), (59_999_999, "59.9 s"),
            (60_000_000, "1 min"), (184_000_000, "3 min 4 s"), (7_500_000_000, "2 h 5 min"),
            (273_600_000_000, "3 d 4 h"), (-1000, "-1 ms"),
        ] as [(Int64, String)]
    )
    func `durations are read by people`(micros: Int64, text: String) {
        #expect(Units.duration(micros: micros) == text)
    }

    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"),
            (256 << 20, "256 MiB"),
            (5_368_709_120, "5 GiB"), (1 << 50, "1024 TiB"), (.max, "8388607 TiB"),
        ] as [(Int64, String)]
    )
    func `sizes are read by people`(bytes: Int64, text: String) {
        #expect(Units.size(bytes: bytes) == text)
    }

    @Test(
        arguments: [
            (0, "0.00 EUR"), (42, "0.000000042 EUR"), (1_500_000_000, "1.50 EUR"),
            (12_340_000_000, "12.34 EUR"), (-5_000_000, "-0.005 EUR"),
        ] as [(Int64, String)]
    )
    func `money is exact`(nanos: Int64, text: String) {
        #expect(Units.money(nanos: nanos, currency: "EUR") == text)
    }

    @Test(arguments: [(0, "now"), (59, "59 s ago"), (60, "1 min ago"), (90_000, "1 d ago")])
    func `an age is in its largest unit`(seconds: Int64, text: String) {
        #expect(Units.age(ofMicros: 0, now: seconds * 1_000_000) == text)
    }

    @Test(arguments: [(0, "now"), (8, "8 s"), (300, "5 min"), (90_000, "1 d 1 h")])
    func `what is ahead is as far as a clock shows`(seconds: Int64, text: String) {
        #expect(Units.ahead(toMicros: seconds * 1_000_000 + 1, now: 0) == text)
    }

    @Test(
        arguments: [
            (0, "0/s"), (0.07, "0.07/s"), (0.001, "0.01/s"), (12.5, "12.5/s"), (1234.4, "1,234/s"),
            (.nan, "0/s"), (.infinity, "0/s"),
        ] as [(Double, String)]
    )
    func `rates are read by people`(perSecond: Double, text: String) {
        #expect(Units.rate(perSecond: perSecond) == text)
    }

    @Test(arguments: [
        ("a-b/c.json", "a-b/c.json"), ("a b", "'a b'"), ("it's", #"'it'\''s'"#), ("", "''"),
        ("$x", "'$x'"),
    ])
    func `a word to copy survives a shell`(text: String, word: String) {
        #expect(ShellWord.quoted(text) == word)
    }

    @Test func `counts have groups of three`() {
        #expect(Units.count(1_234_567) == "1,234,567")
        #expect(Units.count(-999) == "-999")
    }

    @Test func `a table is aligned, and colour does not shift it`() {
        let table = Table(
            [.init("NAME"), .init("N", .right), .init("LAST")],
            rows: [["a", "10", "x"], ["long", "2", ""]]
        )

        #expect(
            table.text(paint: Paint(isOn: false, isTerminal: false)) == """
                NAME   N  LAST
                a     10  x
                long   2\n
                """
        )
        #expect(
            table.text(paint: Paint(isOn: true, isTerminal: true)).hasPrefix(
                "\u{1B}[1mNAME   N  LAST\u{1B}[0m\n"
            )
        )
    }
}
