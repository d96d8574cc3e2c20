import OCIInstances
import Testing

@Suite struct BuildLineTests {
    private let line = BuildLine(runningMax: 1)

    /// Has a build wait in line; its answer comes later.
    private func wait(_ stop: ProgramStop) async -> Task<Bool, Never> {
        let (waiting, pump) = AsyncStream.makeStream(of: Int.self)
        let task = Task { [line] in await line.enter(stop) { pump.yield($0) } }
        for await running in waiting {
            #expect(running == 1)
            break
        }
        return task
    }

    @Test func `builds beyond the limit run one after the other, as they came`() async {
        let stops = (0..<3).map { _ in ProgramStop() }
        #expect(await line.enter(stops[0]) { _ in Issue.record("there was a place") })
        let second = await wait(stops[1])
        let third = await wait(stops[2])

        line.leave(stops[0])
        #expect(await second.value)
        line.leave(stops[1])
        #expect(await third.value)
        #expect(!stops.contains { $0.wasGiven })
    }

    @Test func `a build that is given up in line never runs, and holds up nobody`() async {
        let stops = (0..<3).map { _ in ProgramStop() }
        #expect(await line.enter(stops[0]) { _ in })
        let second = await wait(stops[1])
        let third = await wait(stops[2])

        line.giveUp(stops[1])

        #expect(await second.value == false)
        line.leave(stops[0])
        #expect(await third.value)
    }

    @Test func `a build that was given up before it came has no place`() async {
        let (early, next) = (ProgramStop(), ProgramStop())

        line.giveUp(early)

        #expect(await line.enter(early) { _ in } == false)
        #expect(await line.enter(next) { _ in })
    }

    @Test func `a closed line ends what runs and what waits, and takes nobody`() async {
        let stops = (0..<3).map { _ in ProgramStop() }
        #expect(await line.enter(stops[0]) { _ in })
        let second = await wait(stops[1])

        line.close()

        #expect(stops[0].wasGiven)
        #expect(await second.value == false)
        line.leave(stops[0])
        #expect(await line.enter(stops[2]) { _ in } == false)
    }
}
