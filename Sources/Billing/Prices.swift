/// What an account pays, read from the gateway's configuration.
///
/// Amounts are nanos, 1e-9 of the currency unit. The defaults are of the size that public clouds
/// asked in 2025, so that a first bill looks familiar; they promise nothing.
package struct Prices: Sendable, Hashable, Codable {
    /// For each attempt that reached an instance; default 200 (0.20 for a million).
    package var nanosPerInvocation: UInt64
    /// For a GiB of reserved memory during a billed second; default 16,667 (0.06 an hour).
    package var nanosPerGiBSecond: UInt64
    /// For a GiB of reserved GPU memory during a billed second; default 8,000 (0.69 a day).
    package var nanosPerGPUGiBSecond: UInt64
    /// Shown beside amounts; default `USD`.
    package var currency: String

    package init(
        nanosPerInvocation: UInt64 = 200,
        nanosPerGiBSecond: UInt64 = 16_667,
        nanosPerGPUGiBSecond: UInt64 = 8_000,
        currency: String = "USD"
    ) {
        self.nanosPerInvocation = nanosPerInvocation
        self.nanosPerGiBSecond = nanosPerGiBSecond
        self.nanosPerGPUGiBSecond = nanosPerGPUGiBSecond
        self.currency = currency
    }

    /// The record's cost at these prices, whatever it has been charged so far.
    package func cost(of record: UsageRecord) -> Int64 {
        costNanos(
            billedMillis: record.billedMillis,
            memoryMiB: record.memoryMiB,
            gpuMemoryMiB: record.gpuMemoryMiB
        )
    }

    /// Each of the two meters is rounded to the nearest nano by itself.
    ///
    /// A sum past `Int64.max` stays there, and a negative quantity counts as none.
    package func costNanos(billedMillis: Int64, memoryMiB: Int32, gpuMemoryMiB: Int32) -> Int64 {
        let memory = Self.charge(nanosPerGiBSecond, mebibytes: memoryMiB, millis: billedMillis)
        let gpu = Self.charge(nanosPerGPUGiBSecond, mebibytes: gpuMemoryMiB, millis: billedMillis)
        let total = Self.sum(Self.sum(nanosPerInvocation, memory), gpu)
        return Int64(clamping: total)
    }

    /// Nanos for so many MiB during `millis`; `UInt64.max` when that does not fit.
    private static func charge(
        _ nanosPerGiBSecond: UInt64,
        mebibytes: Int32,
        millis: Int64
    ) -> UInt64 {
        let (quantity, overflow) = UInt64(max(0, mebibytes)).multipliedReportingOverflow(
            by: UInt64(max(0, millis))
        )
        if overflow { return nanosPerGiBSecond == 0 ? 0 : .max }
        var product = quantity.multipliedFullWidth(by: nanosPerGiBSecond)
        let (low, carry) = product.low.addingReportingOverflow(
            UsageStatement.mibMillisPerGiBSecond / 2
        )
        product = (product.high + (carry ? 1 : 0), low)
        guard product.high < UsageStatement.mibMillisPerGiBSecond else { return .max }
        return UsageStatement.mibMillisPerGiBSecond.dividingFullWidth(product).quotient
    }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (total, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : total
    }
}
