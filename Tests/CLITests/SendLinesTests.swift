import CLI
import Foundation
import Functions
import GatewayAPI
import GatewayClient
import Testing

@Suite struct SendLinesTests {
    @Test func `each line is a message, and blank ones are none`() throws {
        let run = try send("1\n\n \r\n{\"a\": 2}\r\n3")

        #expect(run.output == "3 messages sent to patients\n")
        #expect(run.errors.isEmpty)
        #expect(run.status == 0)
    }

    @Test func `what was there already is not counted as sent`() throws {
        var summary = SendSummary(queue: try #require(QueueName("patients")), skip: 0)
        summary.sent = 3
        summary.duplicates = 3

        #expect("\(summary)" == "0 messages sent to patients, 3 were there already")
    }

    @Test func `the standard input is read to its end, over many batches`() throws {
        let folder = try Folder()
        let text = (1...1201).map { "\($0)\n" }.joined()
        let descriptor = open(folder.write(text, to: "lines"), O_RDONLY)
        defer { close(descriptor) }

        let run = try CommandRun(
            words: ["queue", "send", "patients", "--lines", "-", "-o", "json"],
            input: descriptor
        )

        #expect(try summary(run) == ["sent": 1201, "lines": 1201, "duplicates": 0])
    }

    @Test func `a wrong line is named by its place in the file, with how to go on`() throws {
        let lines = (1...600).map { $0 == 555 ? "bad" : "\($0)" }

        let (run, path) = try sendNamed(lines.joined(separator: "\n"), "--skip", "10")

        #expect(run.status == 1)
        #expect(run.output == "500 messages sent to patients\n")
        #expect(
            run.errors == """
                error: A line is wrong.
                  \(path):555: not JSON
                  lines 511 to 600 were not enqueued
                  the first 510 lines of \(path) are durable
                help: nothing of it was enqueued: correct it and send it again; then go on with: \
                faas queue send patients --lines \(path) --skip 510\n
                """
        )
    }

    @Test func `a summary as JSON has what to skip, also when it broke off`() throws {
        let run = try send("1\n2\nfull\n", "-o", "json", "--skip", "1")

        #expect(run.status == 1)
        #expect(try summary(run) == ["sent": 0, "lines": 1, "duplicates": 0])
        #expect(run.errors.contains("free space on the gateway's disk"))
    }

    @Test func `a connection that is lost leaves a batch in doubt, and it says so`() throws {
        let run = try send("1\ntorn\n")

        #expect(run.status == 1)
        #expect(run.errors.contains("lines 1 to 2 may or may not be durable: with --id, sending"))
        #expect(run.errors.contains("the first 0 lines of "))
    }

    @Test func `a queue that stays full for too long is not waited for`() throws {
        let run = try send("1\nlater\n")

        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("error: It is full.\n  lines 1 to 2 were not enqueued\n"))
        #expect(run.errors.contains("help: try again in 601 s; then go on with: faas queue send"))
    }

    @Test func `with an id a line that is not JSON is found before it is sent`() throws {
        let run = try send("1\n}, {\n", "--id", "x")

        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("error: line 2 is not JSON\n"))
        #expect(run.errors.hasSuffix(" --id x --skip 0\n"))
    }

    @Test func `marks stand with each line`() throws {
        let marks = LineMarks(id: "im\"port", delay: TimeSpan("2s"))
        var batcher = LineBatcher(skip: 1)
        try batcher.append(Array("0\n{\"a\": [1]}\n\n2.50\n".utf8)[...])
        let next = batcher.next(evenIfSmall: true)
        let batch = try #require(next)

        let message = try marks.message(batch)

        guard case .bytes(let bytes) = message.body else {
            Issue.record("the body is not held")
            return
        }
        #expect(message.contentType == "application/vnd.faas.messages+json")
        #expect(
            String(decoding: bytes, as: UTF8.self) == #"""
                [{"body":{"a": [1]},"deduplicationId":"im\"port:2","delayMillis":2000},\#
                {"body":2.50,"deduplicationId":"im\"port:4","delayMillis":2000}]
                """#
        )
    }

    @Test func `a file that is not there is an error`() throws {
        let run = try CommandRun("queue", "send", "patients", "--lines", "/nowhere")

        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("error: /nowhere cannot be read: "))
    }

    @Test(arguments: [1, 3, 7, 64, 100_000])
    func `lines are the same however their bytes arrive`(pieceBytes: Int) throws {
        let text = (1...1100).map { "{\"n\": \($0)}" }.joined(separator: "\n")
        let bytes = Array(text.utf8)
        var batcher = LineBatcher(skip: 3)
        var batches: [LineBatch] = []

        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            try batcher.append(bytes[start..<min(bytes.count, start + pieceBytes)])
            while let batch = batcher.next(evenIfSmall: false) { batches.append(batch) }
        }
        batcher.finish()
        while let batch = batcher.next(evenIfSmall: true) { batches.append(batch) }

        #expect(batches.map(\.numbers.count) == [500, 500, 97])
        #expect(batches.flatMap(\.numbers) == Array(4...1100))
        let joined = String(decoding: batches.flatMap(\.bytes), as: UTF8.self)
        #expect(joined.hasPrefix("{\"n\": 4}\n{\"n\": 5}\n") && joined.hasSuffix("{\"n\": 1100}\n"))
        #expect(batcher.lineCount == 1100)
    }

    @Test func `a batch is closed before it is over its bytes, and a long line goes alone`() throws
    {
        var batcher = LineBatcher()
        let long = [UInt8](repeating: UInt8(ascii: "7"), count: LineBatcher.batchBytesMax + 5)

        try batcher.append((Array("1\n".utf8) + long + Array("\n2\n".utf8))[...])

        let batches = (0..<3).map { batcher.next(evenIfSmall: $0 == 2)?.numbers }
        #expect(batches == [[1], [2], [3]])
    }

    private func send(_ text: String, _ words: String...) throws -> CommandRun {
        try sendNamed(text, words: words).run
    }

    private func sendNamed(
        _ text: String,
        _ words: String...
    ) throws -> (run: CommandRun, path: String) {
        try sendNamed(text, words: words)
    }

    private func sendNamed(
        _ text: String,
        words: [String]
    ) throws -> (run: CommandRun, path: String) {
        let folder = try Folder()
        let path = folder.write(text, to: "lines.ndjson")
        let run = try CommandRun(words: ["queue", "send", "patients", "--lines", path] + words)
        return (run, path)
    }

    private func summary(_ run: CommandRun) throws -> [String: Int] {
        let value = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        let members = try #require(value as? [String: Any])
        return members.compactMapValues { $0 as? Int }
    }
}
