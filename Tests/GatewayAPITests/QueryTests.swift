import GatewayAPI
import Testing

@Suite struct QueryTests {
    @Test func `a usage query survives its parameters`() throws {
        let query = UsageQuery(
            grouping: .day,
            from: Timestamp("2026-01-01"),
            to: Timestamp("2026-02-01T00:00:00.5Z"),
            account: "a&b",
            function: "hello",
            format: .csv
        )

        let read = try UsageQuery(parameters: dictionary(query.parameters))

        #expect(read == query)
    }

    @Test func `a log query survives its parameters, and defaults are not sent`() throws {
        let query = LogQuery(tail: 5, follow: true, since: Timestamp(micros: 1), invocation: "i")

        #expect(try LogQuery(parameters: dictionary(query.parameters)) == query)
        #expect(LogQuery().parameters.isEmpty)
        #expect(try LogQuery(parameters: [:]) == LogQuery())
    }

    @Test(arguments: [
        ("by", "hour", "one of function, day, account, revision"),
        ("from", "yesterday", "a day or an instant"),
        ("form", "csv", "There is no parameter `form`"),
    ])
    func `a wrong parameter is named`(name: String, value: String, words: String) {
        let problem = #expect(throws: Problem.self) {
            _ = try UsageQuery(parameters: [name: value])
        }

        #expect(problem?.code == "queryInvalid")
        #expect(problem?.detail?.contains("`\(name)`") == true)
        #expect(problem?.detail?.contains(words) == true)
    }

    @Test func `a tail over the limit is refused with the limit`() {
        let problem = #expect(throws: Problem.self) {
            _ = try LogQuery(parameters: ["tail": "10001"])
        }

        #expect(problem?.detail?.contains("from 0 to 10000") == true)
    }

    @Test func `the queries of events survive their parameters, and defaults are not sent`() throws
    {
        let wait = WaitQuery(waitMillis: 30_000)
        let dead = DeadQuery(limit: 7)
        let purge = PurgeQuery(dead: true)

        #expect(wait.parameters.map(\.value) == ["30s"])
        #expect(try WaitQuery(parameters: dictionary(wait.parameters)) == wait)
        #expect(try DeadQuery(parameters: dictionary(dead.parameters)) == dead)
        #expect(try PurgeQuery(parameters: dictionary(purge.parameters)) == purge)
        #expect(WaitQuery().parameters.isEmpty && DeadQuery().parameters.isEmpty)
        #expect(PurgeQuery().parameters.isEmpty)
    }

    @Test(arguments: ["61s", "2m", "30", "soon", "-1s"])
    func `a wait that is none or too long is refused with the limit`(text: String) {
        let problem = #expect(throws: Problem.self) {
            _ = try WaitQuery(parameters: ["wait": text])
        }

        #expect(problem?.code == "queryInvalid")
        #expect(problem?.detail?.contains("at most 1m") == true)
    }

    private func dictionary(_ pairs: [(name: String, value: String)]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: pairs.map { ($0.name, $0.value) })
    }
}
