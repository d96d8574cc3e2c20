import Storage
import Testing

@Suite struct CallerPauseTests {
    private static let milli: Int64 = 1_000_000
    private var pause: CallerPause
    private var now: Int64 = 0

    init() {
        var settings = LedgerWriterSettings()
        settings.callerMicrosMax = 2_000
        settings.pauseMillis = 2
        settings.pauseMillisMax = 1_000
        pause = CallerPause(settings)
    }

    /// A caller commits, and then asks until it may again: milliseconds that took.
    private mutating func pauseAfterCommit(millis: Int64) -> Int64 {
        pause.committed(from: now, to: now + millis * Self.milli)
        now += millis * Self.milli
        let end = now
        while !pause.isOver(at: now) { now += Self.milli }
        return (now - end) / Self.milli
    }

    @Test mutating func `callers go on at once after quick commits`() {
        for millis: Int64 in [0, 1, 2] { #expect(pauseAfterCommit(millis: millis) == 0) }
    }

    @Test mutating func `they leave a slow disk alone for longer each time, and not for good`() {
        let pauses = (0..<12).map { _ in pauseAfterCommit(millis: 3) }
        #expect(pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000, 1_000, 1_000])
    }

    @Test mutating func `a quick commit makes the next pause a short one`() {
        for _ in 0..<5 { _ = pauseAfterCommit(millis: 10) }
        #expect(pauseAfterCommit(millis: 1) == 0)
        #expect(pauseAfterCommit(millis: 10) == 2)
    }
}
