/// Every tick in a span of time, by looking at each second or minute of it.
func ticksByLooking(
    _ cron: RandomCron,
    in span: Range<Int64>,
    every step: Int,
    _ zone: TableZone
) -> [Int64] {
    let isHourWild = cron.fields[2].hasStar || cron.fields[2].hasStep
    var ticks: [Int64] = []
    var latestLocal = Int64.min
    // From earlier on, so that what is shown for the second time is known.
    let start = span.lowerBound - zone.longestRepetition
    for second in stride(from: start, to: span.upperBound, by: step) {
        let local = second + Int64(zone.offset(at: second))
        let before = second + Int64(zone.offset(at: second - 1))
        let isRepeated = local <= latestLocal
        latestLocal = max(latestLocal, local)
        guard span.contains(second) else { continue }
        let isSkippedNamed = stride(from: before, to: local, by: step).contains(where: cron.names)
        if isSkippedNamed || cron.names(local) && (isHourWild || !isRepeated) {
            ticks.append(second)
        }
    }
    return ticks
}
