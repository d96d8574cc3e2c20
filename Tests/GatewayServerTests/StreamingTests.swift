import Billing
import FoundationEssentials
import Functions
import Instances
import NIOCore
import RuntimeProtocol
import Testing

/// Inputs and answers that come in pieces.
@Suite struct StreamingTests {
    private static let head = "POST /function/echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    @Test func `a handler that takes a stream is invoked before the input is whole`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy(streamsInput: true)
            let connection = try await edge.connect()
            try await connection.send(Self.head)

            let invocation = await host.next()
            #expect(!invocation.request.isComplete)
            #expect(invocation.body == "")
            try await connection.send(Self.chunk("one "), Self.chunk("two"), "0\r\n\r\n")

            #expect(await invocation.input() == "one two")
            invocation.answer("ok")
            #expect(try await connection.answer().body == "ok")
            let record = try #require(try await edge.records().first)
            #expect(record.bytesIn == 7)
        }
    }

    @Test func `pieces that come before there is an instance are not lost`() async throws {
        try await withEdge { edge in
            let host = try edge.deployHeld(streamsInput: true) { $0.scale.concurrency = 1 }
            let first = try await edge.connect()
            try await first.post("a")
            let running = await host.next()
            let second = try await edge.connect()
            try await second.send(Self.head, Self.chunk("one "), Self.chunk("two"), "0\r\n\r\n")

            running.answer("")

            let invocation = await host.next()
            #expect(await invocation.input() == "one two")
            invocation.answer("ok")
            #expect(try await second.answer().body == "ok")
        }
    }

    @Test func `an input that still comes is told that its instance has ended`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy(streamsInput: true)
            let connection = try await edge.connect()
            try await connection.post()
            await host.next().answer("")
            _ = try await connection.answer()
            let gone = try #require(host.instances.first)
            gone.dieUnheard(.exited(1))

            try await connection.send(Self.head, Self.chunk("one "))
            for await _ in gone.late { break }
            gone.hear()

            let answer = try await connection.answerInTime()
            #expect(answer.status == 502)
            #expect(answer.code == "instanceDied")
        }
    }

    @Test func `answer and input may flow at once`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy(streamsInput: true)
            let connection = try await edge.connect()
            try await connection.send(Self.head)
            let invocation = await host.next()
            var pieces = invocation.pieces.makeAsyncIterator()

            invocation.begin("began ")
            for number in 0..<20 {
                try await connection.send(Self.chunk("\(number)"))
                let piece = try #require(await pieces.next())
                invocation.goOn(String(buffer: piece.body) + " ")
            }
            try await connection.send("0\r\n\r\n")
            invocation.answer("ended")

            let answer = try await connection.answer()
            #expect(answer.body == "began \((0..<20).map { "\($0) " }.joined())ended")
            try await connection.post("next")
            await host.next().answer("next")
            #expect(try await connection.answer().body == "next")
        }
    }

    @Test func `an answer before the end of the input leaves the connection in step`() async throws
    {
        try await withEdge { edge in
            let host = try edge.deploy(streamsInput: true)
            let connection = try await edge.connect()
            try await connection.send(Self.head, Self.chunk("one"))
            await host.next().answer("enough")
            #expect(try await connection.answer().body == "enough")

            try await connection.send(Self.chunk("two"), "0\r\n\r\n")
            try await connection.post("next")
            await host.next().answer("next")

            #expect(try await connection.answer().body == "next")
            #expect(try await edge.records().count == 2)
        }
    }

    @Test func `an input over the limit ends the invocation`() async throws {
        try await withEdge { edge in
            let host = try edge.deployHeld(streamsInput: true) { $0.limits.payloadBytes = 10 }
            let connection = try await edge.connect()
            try await connection.send(Self.head, Self.chunk("12345678"))
            let invocation = await host.next()
            try await connection.send(Self.chunk("901"))

            #expect(try await connection.answer().status == 413)
            await #expect(invocation.cancellations.first { _ in true } == .clientGone)
            invocation.fail(.cancelled)
            #expect(await connection.rest(inTime: true) == "")
            #expect(await recordedOutcomes(edge, count: 1) == [.cancelled])
        }
    }

    @Test func `an input over the limit breaks off an answer that has begun`() async throws {
        try await withEdge { edge in
            let host = try edge.deployHeld(streamsInput: true) { $0.limits.payloadBytes = 10 }
            let connection = try await edge.connect()
            try await connection.send(Self.head, Self.chunk("12345678"))
            let invocation = await host.next()
            invocation.begin("begun")
            try await edge.settle()
            try await connection.send(Self.chunk("901"))

            let text = await connection.rest(inTime: true)

            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.hasSuffix("5\r\nbegun\r\n"))
            invocation.fail(.cancelled)
        }
    }

    @Test func `an input that is no HTTP breaks the invocation off, answered once at most`()
        async throws
    {
        try await withEdge { edge in
            let host = try edge.deploy(streamsInput: true)
            let connection = try await edge.connect()
            try await connection.send(Self.head, Self.chunk("one"))
            let invocation = await host.next()

            try await connection.send("no chunk\r\n")

            await #expect(invocation.cancellations.first { _ in true } == .clientGone)
            invocation.answer("late")
            let text = await connection.rest(inTime: true)
            #expect(!text.contains("late"))
            #expect(text.components(separatedBy: "HTTP/1.1 4").count == 2)
            #expect(await recordedOutcomes(edge, count: 1) == [.cancelled])
        }
    }

    @Test func `an answer that fails after it began is broken off`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post()
            let invocation = await host.next()
            invocation.begin("begun")
            invocation.fail(.handlerRaised)

            let text = await connection.rest()

            #expect(text.hasSuffix("5\r\nbegun\r\n"))
            #expect(try await edge.records().map(\.outcome) == [.failed])
        }
    }

    @Test func `an instance that dies in the middle breaks its answer off`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post()
            let invocation = await host.next()
            invocation.begin("begun")
            host.instances.first?.die(.signalled(9))

            #expect(await connection.rest().hasSuffix("5\r\nbegun\r\n"))
            #expect(try await edge.records().map(\.outcome) == [.failed])
        }
    }

    @Test func `the bytes of a streamed answer are all on the bill`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post("in")
            let invocation = await host.next()
            invocation.begin("12345")
            invocation.goOn("678")
            invocation.answer("90")
            #expect(try await connection.answer().body == "1234567890")

            let record = try #require(try await edge.records().first)
            #expect(record.bytesIn == 2)
            #expect(record.bytesOut == 10)
        }
    }
}
