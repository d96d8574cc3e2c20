import Functions
import Testing
import Triggers

@Suite struct TriggerLimitsTests {
    @Test(arguments: [(0.0, 5.0 * 60_000), (1.0, 20.0 * 60_000)])
    func `a callback is tried for some ten minutes`(jitter: Double, millis: Double) {
        let limits = TriggerLimits()
        let pauses = (1..<limits.callbackAttempts).map {
            Double(limits.callbackBackoff.pauseMillis(after: $0, jitter: jitter))
        }
        let whole = pauses.reduce(0, +)
        #expect(jitter == 0 ? whole > millis : whole < millis)
    }
}
