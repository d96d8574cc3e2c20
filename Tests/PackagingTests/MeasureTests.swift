import Packaging
import Testing

@Suite struct MeasureTests {
    @Test(arguments: [
        ("30s", 30_000), ("5ms", 5), ("1m", 60_000), ("2h", 7_200_000), ("1.5s", 1500),
        ("0", 0), ("30 s", 30_000),
    ])
    func `durations are milliseconds`(text: String, millis: Int) throws {
        #expect(try Measure.duration.read(text) == millis)
    }

    @Test(arguments: [("1", 1000), ("0.5", 500), ("500m", 500), ("2.125", 2125)])
    func `cores are thousandths`(text: String, millis: Int) throws {
        #expect(try Measure.cpu.read(text) == millis)
    }

    @Test(arguments: [("6Mi", 6 << 20), ("512Ki", 512 << 10), ("1000", 1000), ("1Ti", 1 << 40)])
    func `sizes are bytes`(text: String, bytes: Int) throws {
        #expect(try Measure.size.read(text) == bytes)
    }

    @Test(arguments: ["", "s", "1..5s", ".5s", "1e3s", "٣s", "0x10", "+1s", "1s2", "1.s"])
    func `what is no decimal number is refused`(text: String) {
        #expect(throws: Measure.Fault.notANumber) { try Measure.duration.read(text) }
    }

    @Test func `a quantity is written in its largest whole unit`() {
        #expect(Measure.duration.text(of: 90_000) == "90s")
        #expect(Measure.duration.text(of: 0) == "0ms")
        #expect(Measure.memory.text(of: 4096) == "4Gi")
        #expect(Measure.cpu.text(of: 1000) == "1")
        #expect(Measure.cpu.text(of: 500) == "500m")
        #expect(Measure.size.text(of: 1000) == "1000")
    }

    @Test(arguments: [
        ("memroy", "memory"), ("timout", "timeout"), ("SCALE", "scale"), ("nme", "name"),
    ])
    func `the nearest word is the one with the fewest edits`(word: String, nearest: String) {
        let words = ["memory", "timeout", "scale", "name"]
        #expect(NearestWord.of(word, among: words) == nearest)
    }

    @Test(arguments: ["zzzzzz", "", "x", String(repeating: "a", count: 10_000)])
    func `a word that is like none has no nearest`(word: String) {
        #expect(NearestWord.of(word, among: ["memory", "timeout"]) == nil)
    }
}
