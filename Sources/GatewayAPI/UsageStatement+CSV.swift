extension UsageStatement {
    /// The rows as CSV (RFC 4180), without the total, which a reader's own sum would count twice.
    package var csv: String {
        let header = [
            grouping.rawValue, "invocations", "attempts", "failures", "billedMillis",
            "memoryMiBMillis", "gpuMemoryMiBMillis", "bytesIn", "bytesOut", "costNanos", "currency",
        ]
        let lines = [header] + rows.map { $0.fields + [currency] }
        return lines.map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }.joined()
    }

    private static func quoted(_ field: String) -> String {
        let needsQuotes = field.utf8.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
                || byte == UInt8(ascii: "\r")
        }
        guard needsQuotes else { return field }
        return "\"" + field.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }
}

extension UsageRow {
    fileprivate var fields: [String] {
        [key]
            + [
                invocations, attempts, failures, billedMillis, memoryMiBMillis, gpuMemoryMiBMillis,
                bytesIn, bytesOut, costNanos,
            ].map(String.init)
    }
}
