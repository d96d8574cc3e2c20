import Functions
import Testing
import Triggers

/// The last second before a clock change, and the offsets before and after it.
struct ClockChange: Sendable {
    let zone: String
    let at: Int64
    let before: Int
    let after: Int
}

@Suite struct ZoneTests {
    @Test(arguments: [
        ClockChange(zone: "Europe/Stockholm", at: 1_774_746_000, before: 3600, after: 7200),
        ClockChange(zone: "Europe/Stockholm", at: 1_792_890_000, before: 7200, after: 3600),
        ClockChange(zone: "America/New_York", at: 1_772_953_200, before: -18_000, after: -14_400),
        ClockChange(zone: "America/New_York", at: 1_793_512_800, before: -14_400, after: -18_000),
        ClockChange(zone: "Australia/Lord_Howe", at: 1_775_314_800, before: 39_600, after: 37_800),
        ClockChange(zone: "Australia/Lord_Howe", at: 1_791_041_400, before: 37_800, after: 39_600),
        ClockChange(zone: "Pacific/Apia", at: 1_325_239_200, before: -36_000, after: 50_400),
        ClockChange(zone: "America/Sao_Paulo", at: 1_508_036_400, before: -10_800, after: -7200),
    ])
    func `a zone's offset changes in the second in which its clock is changed`(
        change: ClockChange
    ) throws {
        let zone = try #require(Zone(change.zone))

        #expect(zone.offset(atSeconds: change.at - 1) == change.before)
        #expect(zone.offset(atSeconds: change.at) == change.after)
    }

    @Test func `zones without clock changes have one offset`() throws {
        for (name, offset) in [("UTC", 0), ("Etc/UTC", 0), ("Asia/Kolkata", 19_800)] {
            let zone = try #require(Zone(name))
            for second in stride(from: 1_700_000_000, to: 1_900_000_000 as Int64, by: 5_000_000) {
                #expect(zone.offset(atSeconds: second) == offset)
            }
        }
    }

    @Test func `an unknown name is no zone`() {
        let long = "Europe/" + String(repeating: "a", count: Zone.nameBytesMax)
        for name in [
            "", "Mars/Olympus", "Europe", "europe/stockholm", "../etc/passwd", "+02", long,
        ] {
            #expect(Zone(name) == nil, "\(name)")
        }
    }

    @Test func `many threads may ask at once`() async throws {
        let zone = try #require(Zone("Europe/Stockholm"))

        let sums = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<2000).reduce(0) { $0 + zone.offset(atSeconds: Int64($1) * 500_000) }
                }
            }
            return await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }

        #expect(sums.count == 1)
    }
}
