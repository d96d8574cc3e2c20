package import GatewayAPI

/// Statements for people.
package enum UsageText {
    package static func table(_ statement: UsageStatement, paint: Paint) -> String {
        guard !statement.rows.isEmpty else { return "Nothing was used in this time.\n" }
        let columns = [
            Table.Column(statement.grouping.rawValue.uppercased()),
            .init("INVOCATIONS", .right), .init("ATTEMPTS", .right), .init("FAILED", .right),
            .init("BILLED", .right), .init("MEMORY", .right), .init("GPU MEMORY", .right),
            .init("IN", .right),
            .init("OUT", .right), .init("COST", .right),
        ]
        var rows = statement.rows
        // The sum of one row would say the same again.
        if rows.count > 1 { rows.append(statement.total) }
        return Table(columns, rows: rows.map { cells($0, statement.currency) }).text(paint: paint)
    }

    private static func cells(_ row: UsageRow, _ currency: String) -> [String] {
        [
            row.key, Units.count(row.invocations), Units.count(row.attempts),
            Units.count(row.failures),
            Units.duration(millis: row.billedMillis), gibibyteSeconds(row.memoryMiBMillis),
            gibibyteSeconds(row.gpuMemoryMiBMillis), Units.size(bytes: row.bytesIn),
            Units.size(bytes: row.bytesOut),
            Units.money(nanos: row.costNanos, currency: currency),
        ]
    }

    /// Memory times time: `0.25 GiB s`.
    private static func gibibyteSeconds(_ mebibyteMillis: Int64) -> String {
        guard mebibyteMillis > 0 else { return "0" }
        let hundredths = mebibyteMillis / (1024 * 10)
        guard hundredths > 0 else { return "<0.01 GiB s" }
        let fraction = String(100 + hundredths % 100).dropFirst()
        return "\(Units.count(hundredths / 100)).\(fraction) GiB s"
    }
}
