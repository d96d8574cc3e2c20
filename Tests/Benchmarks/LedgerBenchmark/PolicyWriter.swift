import Billing
import Glibc
import Storage

/// What the event loop of the simulation writes to.
protocol Writer: Sendable {
    func append(_ record: UsageRecord, _ token: Int)
    func flush()
    func close()
}

/// The product's.
struct ProductWriter: Writer {
    private let writer: LedgerWriter<Int>

    init(_ ledger: Ledger, meter: Meter, deliver: @escaping @Sendable ([Int]) -> Void) throws {
        writer = try LedgerWriter(
            ledger,
            deliver: { tokens, result in
                guard case .success = result else { fatalError("not written: \(result)") }
                deliver(tokens)
            },
            observe: { commit in meter.commit(rows: commit.rows, nanos: commit.nanos) }
        )
    }

    func append(_ record: UsageRecord, _ token: Int) {
        guard writer.append(record, token) else { fatalError("the writer is full") }
    }

    func flush() { writer.flush() }
    func close() { writer.close() }
}

/// A thread that writes, with one of the policies that the product does without.
final class PolicyWriter: Writer {
    private let inbox = Mailbox<(UsageRecord, Int)>()
    private let thread: BenchmarkThread

    init(
        _ policy: Policy,
        ledger: Ledger,
        meter: Meter,
        expected: @escaping @Sendable () -> Int,
        deliver: @escaping @Sendable ([Int]) -> Void
    ) {
        let inbox = inbox
        thread = BenchmarkThread {
            var loop = PolicyLoop(ledger, meter: meter, deliver: deliver)
            while true {
                let count = inbox.wait()
                guard count > 0 else { break }
                if let (target, nanos) = loop.gathering(policy, count, expected: expected()) {
                    inbox.gather(target, nanos: nanos)
                }
                loop.write { inbox.take(into: &$0) }
            }
        }
    }

    func append(_ record: UsageRecord, _ token: Int) { inbox.send((record, token)) }
    func flush() {}

    func close() {
        inbox.close()
        thread.join()
    }
}

/// The event loop commits each record before it goes on.
final class RowWriter: Writer, @unchecked Sendable {
    private var loop: PolicyLoop

    init(_ ledger: Ledger, meter: Meter, deliver: @escaping @Sendable ([Int]) -> Void) {
        loop = PolicyLoop(ledger, meter: meter, deliver: deliver)
    }

    func append(_ record: UsageRecord, _ token: Int) { loop.write { $0 = [(record, token)] } }
    func flush() {}
    func close() {}
}

/// Commits, and estimates what is worth waiting for.
struct PolicyLoop {
    private let connection: LedgerConnection
    private let meter: Meter
    private let deliver: @Sendable ([Int]) -> Void
    private var taken: [(UsageRecord, Int)] = []
    /// Nanoseconds between two records, and of one commit: moving averages.
    private var gap = 1e9
    private var duration = 20_000.0
    private var last = nanos()

    init(_ ledger: Ledger, meter: Meter, deliver: @escaping @Sendable ([Int]) -> Void) {
        guard let connection = try? ledger.connect() else { fatalError("no connection") }
        self.connection = connection
        self.meter = meter
        self.deliver = deliver
    }

    /// How many records to wait for, and for how many nanoseconds; nil is not to wait.
    func gathering(_ policy: Policy, _ count: Int, expected: Int) -> (Int, Int64)? {
        switch policy {
        case .linger(let micros): return (.max, micros * 1000)
        case .rate where gap < duration:
            return (count + Int(2 * duration / gap), Int64(2 * duration))
        case .hint:
            let target = (count + expected + 1) / 2
            guard target > count, gap * Double(target - count) < 200_000 else { return nil }
            return (target, 200_000)
        default: return nil
        }
    }

    mutating func write(_ take: (inout [(UsageRecord, Int)]) -> Void) {
        take(&taken)
        let start = nanos()
        guard let refusals = try? connection.commit(taken.map(\.0)), refusals.isEmpty else {
            fatalError("the ledger refused a batch")
        }
        if connection.logPages >= 1000 { connection.checkpoint() }
        let end = nanos()
        gap += (Double(start - last) / Double(taken.count) - gap) / 8
        duration += (Double(end - start) - duration) / 8
        last = start
        meter.commit(rows: taken.count, nanos: end - start)
        deliver(taken.map(\.1))
    }
}
