import Functions
import GatewayAPI
import GatewayServer
import Testing

@Suite struct PushesTests {
    private let pushes = Pushes()
    private let idleNanosMax = UInt64(Pushes.idleMillisMax) * 1_000_000

    @Test func `a push that is asked for something is not given up`() throws {
        _ = try pushes.open(Origin(repository: "models"), account: .local, id: "p")
        let later = Clock.monotonicNanos() + idleNanosMax

        try pushes.touch("p", account: .local, now: later)

        #expect(pushes.takeIdle(now: later + idleNanosMax).isEmpty)
        let idle = pushes.takeIdle(now: later + idleNanosMax + 1)
        #expect(idle.map(\.origin.repository) == ["models"])
        #expect(throws: Problem.self) { try pushes.touch("p", account: .local) }
    }

    @Test func `another account's push is not there`() throws {
        _ = try pushes.open(Origin(repository: "models"), account: .local, id: "p")

        let problem = #expect(throws: Problem.self) {
            try pushes.touch("p", account: Account("bob"))
        }

        #expect(problem?.code == ProblemCode.pushNotFound.rawValue)
    }
}
