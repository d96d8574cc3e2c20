import GatewayAPI
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        ("1970-01-01", 0, "1970-01-01T00:00:00Z"),
        ("2026-01-31T12:00:00Z", 1_769_860_800_000_000, "2026-01-31T12:00:00Z"),
        ("2026-01-31T13:00:00+01:00", 1_769_860_800_000_000, "2026-01-31T12:00:00Z"),
        ("2024-02-29T23:59:59.5Z", 1_709_251_199_500_000, "2024-02-29T23:59:59.500000Z"),
        ("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z"),
        ("2000-03-01 00:00:00Z", 951_868_800_000_000, "2000-03-01T00:00:00Z"),
    ])
    func `an instant is read and written`(text: String, micros: Int64, written: String) {
        #expect(Timestamp(text)?.micros == micros)
        #expect(Timestamp(micros: micros).description == written)
    }

    @Test(arguments: [
        "", "2026", "2026-02-30", "2025-02-29", "2026-13-01", "2026-01-31T24:00:00Z",
        "2026-01-31T12:00:00", "2026-01-31T12:00Z", "2026-01-31T12:00:00.1234567Z", "2026-01-31x",
    ])
    func `what is no instant is refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(
        arguments: [
            (60, "2026-01-31T13:00:00+01:00"), (-570, "2026-01-31T02:30:00-09:30"),
            (0, "2026-01-31T12:00:00Z"), (840, "2026-02-01T02:00:00+14:00"),
        ]
    )
    func `an instant is written as another zone's clocks show it`(minutes: Int, text: String) {
        let instant = Timestamp(micros: 1_769_860_800_000_000)

        #expect(instant.text(offsetMinutes: minutes) == text)
        #expect(Timestamp(text) == instant)
    }

    @Test(
        arguments: [
            ("500ms", 500, "500ms"), ("30s", 30_000, "30s"), ("90s", 90_000, "90s"),
            ("120s", 120_000, "2m"), ("24h", 86_400_000, "1d"), ("0s", 0, "0ms"),
            ("1500ms", 1500, "1500ms"),
        ] as [(String, Int64, String)]
    )
    func `a span is read and written`(text: String, millis: Int64, written: String) {
        #expect(TimeSpan(text)?.millis == millis)
        #expect(TimeSpan(millis: millis).description == written)
    }

    @Test(arguments: [
        "", "s", "5", "1.5s", "-1s", " 1s", "1 s", "1S", "99999999999999999999s", "9999999d",
    ])
    func `what is no span is refused`(text: String) {
        #expect(TimeSpan(text) == nil)
    }

    @Test func `a server timing is written in milliseconds and read back`() {
        let timing = ServerTiming(queueMicros: 12, startMicros: 0, runMicros: 3400)

        #expect(timing.description == "queue;dur=0.012, start;dur=0.000, run;dur=3.400")
        #expect(ServerTiming(timing.description) == timing)
        #expect(ServerTiming("queue;dur=1, proxy, start;desc=x;dur=2,run;dur=3")?.runMicros == 3000)
        #expect(ServerTiming("queue;dur=1, run;dur=3") == nil)
        #expect(ServerTiming("queue;dur=nan, start;dur=1e300, run;dur=3") == nil)
    }

    @Test func `a statement as CSV quotes what needs it`() {
        var statement = Samples.statement
        statement.rows[0].key = #"a,"b""#

        #expect(
            statement.csv == """
                function,invocations,attempts,failures,billedMillis,memoryMiBMillis,\
                gpuMemoryMiBMillis,bytesIn,bytesOut,costNanos,currency\r
                "a,""b""\",3,4,1,12,3072,0,60,90,42,EUR\r\n
                """
        )
    }
}
