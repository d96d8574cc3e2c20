/// A zone as a table: the offset before the first change, then each change with the offset after
/// it.
struct TableZone: Sendable {
    let name: String
    let first: Int
    let changes: [(at: Int64, offset: Int)]

    func offset(at second: Int64) -> Int {
        changes.last { $0.at <= second }?.offset ?? first
    }

    /// How long the clock shows what it has shown before, in seconds.
    var longestRepetition: Int64 {
        let offsets = [first] + changes.map(\.offset)
        return Int64(zip(offsets, offsets.dropFirst()).reduce(0) { max($0, $1.0 - $1.1) })
    }

    /// Changes of 2026 and, where noted, of other years.
    static let all = [
        TableZone(
            name: "Europe/Stockholm",
            first: 3600,
            changes: [(1_774_746_000, 7200), (1_792_890_000, 3600)]
        ),
        TableZone(
            name: "America/New_York",
            first: -18_000,
            changes: [(1_772_953_200, -14_400), (1_793_512_800, -18_000)]
        ),
        // By half an hour.
        TableZone(
            name: "Australia/Lord_Howe",
            first: 39_600,
            changes: [(1_775_314_800, 37_800), (1_791_041_400, 39_600)]
        ),
        // 2011: 30 December was left out.
        TableZone(name: "Pacific/Apia", first: -36_000, changes: [(1_325_239_200, 50_400)]),
        // 2017: at midnight, which was therefore skipped.
        TableZone(
            name: "America/Sao_Paulo",
            first: -7200,
            changes: [(1_487_469_600, -10_800), (1_508_036_400, -7200)]
        ),
        // A day twice, which has not happened since 1892.
        TableZone(name: "Invented/Twice", first: 43_200, changes: [(1_767_225_600, -43_200)]),
    ]
}
