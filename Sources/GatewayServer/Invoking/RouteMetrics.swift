package import Functions
import Synchronization

/// What happened to a function's invocations since the gateway started; counted without locks.
package final class RouteMetrics: Sendable {
    /// Upper bounds of the histograms' buckets, in microseconds; a last bucket has no bound.
    package static let bucketMicros: [UInt64] = [
        50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
        1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
    ]

    package enum Phase: Int, CaseIterable, Sendable {
        case queue
        case start
        case run
        case total
    }

    /// Why an invocation never reached an instance, or is not on the bill (`ledgerFull`).
    package enum Rejection: Int, CaseIterable, Sendable {
        case queueFull
        case notReady
        case draining
        case cancelled
        case payloadTooLarge
        case ledgerFull
    }

    private let ended: [Counter]
    private let rejected: [Counter]
    private let phases: [BucketCounts]

    package init() {
        ended = (0..<(Outcome.allCases.count * StartKind.allCases.count)).map { _ in Counter() }
        rejected = Rejection.allCases.map { _ in Counter() }
        phases = Phase.allCases.map { _ in BucketCounts(bounds: Self.bucketMicros) }
    }

    package func ended(
        _ outcome: Outcome,
        _ kind: StartKind,
        queue: Int64,
        start: Int64,
        run: Int64,
        total: Int64
    ) {
        ended[Self.index(outcome, kind)].add(1)
        phases[Phase.queue.rawValue].record(UInt64(max(0, queue)))
        phases[Phase.start.rawValue].record(UInt64(max(0, start)))
        phases[Phase.run.rawValue].record(UInt64(max(0, run)))
        phases[Phase.total.rawValue].record(UInt64(max(0, total)))
    }

    package func rejected(_ reason: Rejection) { rejected[reason.rawValue].add(1) }

    package func count(_ outcome: Outcome, _ kind: StartKind) -> UInt64 {
        ended[Self.index(outcome, kind)].value
    }

    package func count(_ reason: Rejection) -> UInt64 { rejected[reason.rawValue].value }

    package func histogram(_ phase: Phase) -> BucketCounts { phases[phase.rawValue] }

    private static func index(_ outcome: Outcome, _ kind: StartKind) -> Int {
        let outcomeIndex =
            switch outcome {
            case .completed: 0
            case .failed: 1
            case .timedOut: 2
            case .cancelled: 3
            case .rejected: 4
            }
        let kindIndex =
            switch kind {
            case .warm: 0
            case .fork: 1
            case .resume: 2
            case .cold: 3
            }
        return outcomeIndex * StartKind.allCases.count + kindIndex
    }
}

/// A number that only grows; callable from any thread.
package final class Counter: Sendable {
    private let atomic = Atomic<UInt64>(0)

    package init() {}

    package func add(_ amount: UInt64) { atomic.wrappingAdd(amount, ordering: .relaxed) }

    package var value: UInt64 { atomic.load(ordering: .relaxed) }
}
