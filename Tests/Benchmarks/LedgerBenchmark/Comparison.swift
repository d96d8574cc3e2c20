import Glibc
import Storage

/// Runs every policy at every concurrency, and prints a table.
struct Comparison {
    let folder: String
    let seconds: Double

    func run() throws {
        mkdir(folder, 0o755)
        let burner = Burner()
        for instanceMicros in [0, 10.0] {
            print(instanceMicros == 0 ? "event loop alone" : "beside an instance and clients")
            print(line("c", "policy", Meter.columns))
            for concurrency in [1, 16, 64] {
                for policy in Policy.all {
                    let simulation = Simulation(
                        concurrency: concurrency,
                        instanceMicros: instanceMicros,
                        burner: burner,
                        seconds: seconds
                    )
                    let values = try simulation.run(policy, ledger: try freshLedger()).values
                    print(line("\(concurrency)", "\(policy)", values.map(text)))
                }
            }
        }
    }

    private func freshLedger() throws -> Ledger {
        let path = "\(folder)/billing.sqlite"
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        return try Ledger(path: path)
    }

    private func line(_ concurrency: String, _ policy: String, _ columns: [String]) -> String {
        let name = policy + String(repeating: " ", count: max(0, 16 - policy.count))
        return padded(concurrency, 3) + " " + name + columns.map { padded($0, 12) }.joined()
    }

    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// With one digit after the point below 100.
    private func text(_ value: Double) -> String {
        if value >= 100 { return "\(Int(value.rounded()))" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
