import Billing
import Functions
import Glibc
import Storage

/// Appends records until the process is killed, and prints each id once its row is durable.
///
/// For the test that what was said to be written is there after `kill -9`.
struct UntilKilled {
    let path: String
    /// Records appended before each flush, one more each time up to this.
    let batchMax = 8

    func run() throws -> Never {
        let ledger = try Ledger(path: path)
        let writer = try LedgerWriter<String>(
            ledger,
            deliver: { ids, result in
                guard case .success = result else { fatalError("\(result)") }
                // One system call for all of them, so that nothing lingers in a buffer of ours.
                let lines = Array(ids.map { "\($0)\n" }.joined().utf8)
                guard write(STDOUT_FILENO, lines, lines.count) == lines.count else { exit(1) }
            }
        )
        let names = Names()
        var random = UInt64(truncatingIfNeeded: nanos())
        var count = 0
        while true {
            count = count % batchMax + 1
            for _ in 0..<count {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let record = names.record(random: random)
                guard writer.append(record, record.id.description) else { exit(1) }
            }
            writer.flush()
        }
    }
}
