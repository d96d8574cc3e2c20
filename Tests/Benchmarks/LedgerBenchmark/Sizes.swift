import Billing
import Glibc
import Storage

/// Prints what a row takes on the disk, and how long a statement of many takes.
struct Sizes {
    let folder: String
    let rows = 1_000_000
    let batch = 16

    func run() async throws {
        let path = "\(folder)/sizes.sqlite"
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        let ledger = try Ledger(path: path)
        let connection = try ledger.connect()
        let names = Names()
        for _ in 0..<rows / batch {
            let records = (0..<batch).map { _ in names.record(random: .random(in: 0...(.max))) }
            _ = try connection.commit(records)
            if connection.logPages > 10_000 { connection.checkpoint() }
        }
        connection.checkpoint()
        var status = stat()
        stat(path, &status)
        print("bytes a row: \(Int(status.st_size) / rows)")
        print("bytes a record in memory: \(MemoryLayout<UsageRecord>.stride)")
        for grouping in UsageStatement.Grouping.allCases {
            let start = nanos()
            _ = try await ledger.usage(LedgerQuery(), by: grouping)
            print("statement by \(grouping) of \(rows): \((nanos() - start) / 1_000_000) ms")
        }
    }
}
