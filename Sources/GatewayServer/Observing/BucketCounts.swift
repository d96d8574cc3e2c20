/// A histogram that grows without locks; callable from any thread.
package final class BucketCounts: Sendable {
    /// Upper bounds of all buckets but the last, ascending, in the unit of what is recorded.
    package let bounds: [UInt64]
    private let counters: [Counter]
    private let sum = Counter()

    package init(bounds: [UInt64]) {
        self.bounds = bounds
        counters = (0...bounds.count).map { _ in Counter() }
    }

    /// Takes time with the number of bounds below `value`.
    package func record(_ value: UInt64) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        counters[index].add(1)
        sum.add(value)
    }

    /// Counts of each bucket alone, and the sum of all values.
    package var snapshot: (counts: [UInt64], sum: UInt64) { (counters.map(\.value), sum.value) }
}
