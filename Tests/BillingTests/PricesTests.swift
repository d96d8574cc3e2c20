import Billing
import Functions
import Testing

@Suite struct PricesTests {
    @Test(arguments: [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (2_000_000, 2000), (-5, 0)])
    func `run time is rounded up to the millisecond`(micros: Int64, millis: Int64) {
        #expect(UsageRecord.billedMillis(runMicros: micros) == millis)
    }

    @Test func `the longest run time does not overflow when it is rounded`() {
        #expect(UsageRecord.billedMillis(runMicros: .max) == .max / 1000 + 1)
    }

    @Test func `a second of a GiB costs its price and the price of an invocation`() {
        let prices = Prices(nanosPerInvocation: 200, nanosPerGiBSecond: 16_667)

        let cost = prices.costNanos(billedMillis: 1000, memoryMiB: 1024, gpuMemoryMiB: 0)

        #expect(cost == 200 + 16_667)
    }

    @Test func `memory and GPU memory are charged by their own prices`() {
        let prices = Prices(
            nanosPerInvocation: 0,
            nanosPerGiBSecond: 1_000,
            nanosPerGPUGiBSecond: 50_000
        )

        let cost = prices.costNanos(billedMillis: 500, memoryMiB: 2048, gpuMemoryMiB: 512)

        #expect(cost == 1_000 + 12_500)
    }

    @Test(arguments: [(1, 0), (511, 0), (512, 1), (1024, 1), (1535, 1), (1536, 2)])
    func `a charge is rounded to the nearest nano`(memoryMiB: Int32, nanos: Int64) {
        let prices = Prices(nanosPerInvocation: 0, nanosPerGiBSecond: 1_000)

        #expect(prices.costNanos(billedMillis: 1, memoryMiB: memoryMiB, gpuMemoryMiB: 0) == nanos)
    }

    @Test func `a cost that does not fit is the largest that does`() {
        let prices = Prices(nanosPerInvocation: .max, nanosPerGiBSecond: .max)

        #expect(prices.costNanos(billedMillis: .max, memoryMiB: .max, gpuMemoryMiB: 1) == .max)
        #expect(prices.costNanos(billedMillis: 1, memoryMiB: 1, gpuMemoryMiB: 0) == .max)
        #expect(
            Prices(nanosPerGiBSecond: 1).costNanos(
                billedMillis: .max,
                memoryMiB: .max,
                gpuMemoryMiB: .max
            ) == .max
        )
    }

    @Test func `nothing is charged for a negative quantity`() {
        #expect(Prices().costNanos(billedMillis: -1, memoryMiB: 128, gpuMemoryMiB: -1) == 200)
    }

    @Test func `a record carries what it costs at the prices it was made with`() {
        let prices = Prices(nanosPerInvocation: 7, nanosPerGiBSecond: 1_024_000)

        let record = UsageRecord(
            id: InvocationID(acceptedAtMicros: 1, random: 2),
            function: "echo",
            revision: "echo-1",
            account: "local",
            trigger: .http,
            startKind: .warm,
            outcome: .completed,
            acceptedAtMicros: 1,
            queueMicros: 0,
            startMicros: 0,
            runMicros: 2_500,
            memoryMiB: 10,
            bytesIn: 0,
            bytesOut: 0,
            prices: prices
        )

        #expect(record.billedMillis == 3)
        #expect(record.costNanos == 7 + 30)
        #expect(prices.cost(of: record) == record.costNanos)
    }
}
