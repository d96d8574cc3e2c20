import Functions
import Testing
import Triggers

/// The ticks after an instant, both as seconds since 1970 UTC.
struct ChangeCase: Sendable, CustomTestStringConvertible {
    let zone: String
    let cron: String
    let after: Int64
    let ticks: [Int64]

    init(_ zone: String, _ cron: String, after: Int64, _ ticks: Int64...) {
        self.zone = zone
        self.cron = cron
        self.after = after
        self.ticks = ticks
    }

    var testDescription: String { "\(cron) in \(zone) after \(after)" }
}

@Suite struct ZoneCronTests {
    /// 29 March 2026, 03:00 CEST; the clock was put forward from 02:00 CET.
    static let spring: Int64 = 1_774_746_000
    /// 25 October 2026, 02:00 CET; the clock was put back from 03:00 CEST.
    static let autumn: Int64 = 1_792_890_000

    @Test(arguments: [
        ChangeCase(
            "Europe/Stockholm",
            "30 2 * * *",
            after: spring - 7200,
            spring,
            spring + 23 * 3600 + 1800
        ),
        ChangeCase(
            "Europe/Stockholm",
            "0,20,40 2 * * *",
            after: spring - 7200,
            spring,
            spring + 23 * 3600
        ),
        ChangeCase("Europe/Stockholm", "30 2,3 * * *", after: spring - 1, spring, spring + 1800),
        ChangeCase("Europe/Stockholm", "0 3 * * *", after: spring - 1, spring, spring + 86_400),
        ChangeCase(
            "Europe/Stockholm",
            "*/20 * * * *",
            after: spring - 2400,
            spring - 1200,
            spring,
            spring + 1200
        ),
        ChangeCase(
            "Europe/Stockholm",
            "30 2 * * *",
            after: autumn - 3600,
            autumn - 1800,
            autumn + 86_400 + 1800
        ),
        ChangeCase(
            "Europe/Stockholm",
            "30 * * * *",
            after: autumn - 3600,
            autumn - 1800,
            autumn + 1800,
            autumn + 5400
        ),
        ChangeCase(
            "Europe/Stockholm",
            "0 */2 * * *",
            after: autumn - 7200,
            autumn - 3600,
            autumn,
            autumn + 7200
        ),
        ChangeCase("Europe/Stockholm", "@every 1h", after: autumn, autumn + 3600, autumn + 7200),
        // 8 March 2026, 02:00 EST becomes 03:00 EDT; 1 November, 02:00 EDT becomes 01:00 EST.
        ChangeCase(
            "America/New_York",
            "15 2 * * *",
            after: 1_772_953_199,
            1_772_953_200,
            1_772_953_200 + 23 * 3600 + 900
        ),
        ChangeCase(
            "America/New_York",
            "15 1 * * SUN",
            after: 1_793_512_800 - 3600,
            1_793_512_800 - 2700,
            1_793_512_800 + 7 * 86_400 + 900
        ),
        // 4 October 2026, 02:00 becomes 02:30; 5 April, 02:00 becomes 01:30.
        ChangeCase(
            "Australia/Lord_Howe",
            "15,45 2 * * *",
            after: 1_791_041_399,
            1_791_041_400,
            1_791_041_400 + 900,
            1_791_041_400 + 86_400 - 900
        ),
        ChangeCase(
            "Australia/Lord_Howe",
            "*/15 1 * * *",
            after: 1_775_314_800 - 1800,
            1_775_314_800 - 900,
            1_775_314_800 + 86_400 - 1800
        ),
        ChangeCase(
            "Australia/Lord_Howe",
            "*/15 * * * *",
            after: 1_775_314_800 - 901,
            1_775_314_800 - 900,
            1_775_314_800,
            1_775_314_800 + 900
        ),
        // 15 October 2017 had no midnight.
        ChangeCase(
            "America/Sao_Paulo",
            "@daily",
            after: 1_508_036_399,
            1_508_036_400,
            1_508_036_400 + 23 * 3600
        ),
    ])
    func `ticks at a clock change`(change: ChangeCase) throws {
        let zone = try #require(Zone(change.zone))
        let cron = try CronExpression(change.cron)
        var micros = change.after * 1_000_000

        for tick in change.ticks {
            let next = cron.next(after: micros, offset: zone.offset)
            #expect(next == tick * 1_000_000)
            let latest = cron.latest(
                after: micros,
                notAfter: tick * 1_000_000,
                offset: zone.offset
            )
            #expect(latest == tick * 1_000_000)
            micros = tick * 1_000_000
        }
    }

    @Test func `a tick a day is one tick a day through fifty years of clock changes`() throws {
        for name in ["Europe/Stockholm", "America/New_York", "Australia/Lord_Howe"] {
            let zone = try #require(Zone(name))
            let cron = try CronExpression("45 1 * * *")
            var micros: Int64 = 86_400_000_000

            for _ in 0..<18_000 {
                let next = try #require(cron.next(after: micros, offset: zone.offset))
                let hours = Double(next - micros) / 3_600_000_000
                #expect(micros == 86_400_000_000 || (22.5...25.5).contains(hours))
                micros = next
            }
        }
    }
}
