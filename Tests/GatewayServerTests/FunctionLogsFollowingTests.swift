import Functions
import GatewayAPI
import GatewayServer
import NIOCore
import Testing

struct FunctionLogsFollowingTests {
    @Test func `a follower gets what is printed from then on`() async throws {
        try await withLogs { fixture in
            fixture.print("before\n")
            #expect(fixture.texts() == ["before"])
            var lines = fixture.logs.follow(function: fixture.echo.function).makeAsyncIterator()

            fixture.print("one\ntwo\n")

            #expect(await lines.next()?.text == "one")
            #expect(await lines.next()?.text == "two")
        }
    }

    @Test func `nothing is left out or repeated between what was read and what follows`()
        async throws
    {
        let count = 3_000
        var limits = FunctionLogLimits()
        limits.followerLinesMax = count
        try await withLogs(limits) { fixture in
            let printing = Task {
                for number in 0..<count {
                    fixture.print("\(number)\n")
                    if number % 100 == 0 { await Task.yield() }
                }
            }
            let feed = fixture.logs.read(
                function: fixture.echo.function,
                LogQuery(tail: 10_000, follow: true)
            )
            var texts = feed.lines.map(\.text)
            let more = try #require(feed.more)
            if texts.last != "\(count - 1)" {
                for await line in more {
                    texts.append(line.text)
                    if line.text == "\(count - 1)" { break }
                }
            }
            await printing.value

            #expect(texts == (0..<count).map(String.init))
        }
    }

    @Test func `a follower of one invocation gets its lines only`() async throws {
        let id = InvocationID(acceptedAtMicros: 1_700_000_000_000_000, random: 1)
        try await withLogs { fixture in
            let feed = fixture.logs.read(
                function: fixture.echo.function,
                LogQuery(tail: 0, follow: true, invocation: id.description)
            )
            var lines = try #require(feed.more).makeAsyncIterator()

            fixture.print("no\n")
            fixture.print("yes\n", invocation: id)

            #expect(await lines.next()?.text == "yes")
        }
    }

    @Test func `a follower that does not read loses the oldest lines and is told how many`()
        async throws
    {
        var limits = FunctionLogLimits()
        limits.followerLinesMax = 3
        try await withLogs(limits) { fixture in
            var lines = fixture.logs.follow(function: fixture.echo.function).makeAsyncIterator()
            for number in 0..<10 { fixture.print("\(number)\n") }
            #expect(fixture.texts().count == 10)

            var texts: [String?] = []
            for _ in 0..<4 { texts.append(await lines.next()?.text) }

            #expect(
                texts == [
                    "7 lines were skipped: they came faster than they were read", "7", "8", "9",
                ]
            )
        }
    }

    @Test func `followers are told when a function is removed or the logs are closed`()
        async throws
    {
        let fixture = try FunctionLogsFixture()
        defer { fixture.remove() }
        let other = try FunctionLogsFixture.revision("other")
        var removed = fixture.logs.follow(function: fixture.echo.function).makeAsyncIterator()
        var closed = fixture.logs.follow(function: other.function).makeAsyncIterator()

        fixture.logs.remove(fixture.echo.function)
        #expect(await removed.next() == nil)
        fixture.logs.close()
        #expect(await closed.next() == nil)

        var late = fixture.logs.follow(function: other.function).makeAsyncIterator()
        #expect(await late.next() == nil)
    }

    @Test func `followers can be let go while functions still print`() async throws {
        try await withLogs { fixture in
            var lines = fixture.logs.follow(function: fixture.echo.function).makeAsyncIterator()
            fixture.logs.endFollowers()
            #expect(await lines.next() == nil)

            fixture.print("still kept\n")
            #expect(fixture.texts() == ["still kept"])
        }
    }

    @Test func `the place of a follower that left is free again`() async throws {
        var limits = FunctionLogLimits()
        limits.followersMax = 1
        try await withLogs(limits) { fixture in
            do {
                var lines = fixture.logs.follow(function: fixture.echo.function)
                    .makeAsyncIterator()
                var refused = fixture.logs.follow(function: fixture.echo.function)
                    .makeAsyncIterator()
                #expect(await refused.next()?.text == "too many follow already: 1")
                #expect(await refused.next() == nil)
                fixture.print("x\n")
                #expect(await lines.next()?.text == "x")
            }
            var lines = fixture.logs.follow(function: fixture.echo.function).makeAsyncIterator()
            fixture.print("y\n")
            #expect(await lines.next()?.text == "y")
        }
    }

    @Test func `a reader that is cancelled leaves`() async throws {
        try await withLogs { fixture in
            let stream = fixture.logs.follow(function: fixture.echo.function)
            let reading = Task {
                var count = 0
                for await _ in stream { count += 1 }
                return count
            }
            reading.cancel()
            #expect(await reading.value == 0)
        }
    }
}
