import Functions
import GatewayAPI
import GatewayServer
import Glibc
import NIOCore
import RuntimeProtocol
import Testing

struct FunctionLogsTests {
    private let first = InvocationID(acceptedAtMicros: 1_700_000_000_000_000, random: 1)
    private let second = InvocationID(acceptedAtMicros: 1_700_000_000_000_000, random: 2 << 32)

    @Test func `what was printed is read back with who printed it`() async throws {
        try await withLogs { fixture in
            fixture.logs.append(
                fixture.echo,
                invocation: first,
                instance: 7,
                level: "stderr",
                text: ByteBuffer(string: "one\ntwo\n")
            )
            fixture.logs.append(fixture.echo, load: "loaded")

            let lines = fixture.logs.read(function: fixture.echo.function, tail: 10)

            #expect(lines.map(\.text) == ["one", "two", "loaded"])
            #expect(lines.map(\.invocation) == [first.description, first.description, nil])
            #expect(lines.map(\.instance) == ["echo-3/7", "echo-3/7", nil])
            #expect(lines.map(\.level) == [.stderr, .stderr, .stdout])
        }
    }

    @Test(arguments: [
        "plain", "", "\"quoted\" \\ back", "tab\there", "\u{1}\u{1f}\u{7f}", "größe 模型 🚀",
        "{\"atMicros\":1}",
    ])
    func `any text comes back as it was printed`(text: String) async throws {
        try await withLogs { fixture in
            fixture.print("\(text)\n")
            #expect(fixture.texts() == [text])
        }
    }

    @Test func `bytes that are no text are shown as replacement characters`() async throws {
        try await withLogs { fixture in
            fixture.logs.append(
                fixture.echo,
                invocation: nil,
                level: "stdout",
                text: ByteBuffer(bytes: [0x61, 0xff, 0x62, 0x0d, 0x0a])
            )
            #expect(fixture.texts() == ["a\u{fffd}b"])
        }
    }

    @Test func `a level that nobody knows counts as info`() async throws {
        try await withLogs { fixture in
            fixture.logs.append(
                fixture.echo,
                invocation: nil,
                level: "loud",
                text: ByteBuffer(string: "x\n")
            )
            #expect(fixture.logs.read(function: fixture.echo.function, tail: 1)[0].level == .info)
        }
    }

    @Test func `a failure is logged with its message first and its traceback after it`()
        async throws
    {
        let body =
            #"{"message": "no such patient", "type": "KeyError", "traceback": "#
            + #""Traceback:\n  File \"handler.py\", line 3\nKeyError: no such patient\n"}"#
        try await withLogs { fixture in
            fixture.logs.append(
                fixture.echo,
                invocation: first,
                failure: ByteBuffer(string: body),
                code: .handlerRaised
            )

            let lines = fixture.logs.read(function: fixture.echo.function, tail: 10)

            #expect(
                lines.map(\.text) == [
                    "KeyError: no such patient", "Traceback:", "  File \"handler.py\", line 3",
                ]
            )
            #expect(lines.allSatisfy { $0.level == .error && $0.invocation == first.description })
        }
    }

    @Test func `an input that does not fit is a warning without a traceback`() async throws {
        let body = #"{"message": "glucose: expected float", "type": "E", "traceback": "T\n"}"#
        try await withLogs { fixture in
            fixture.logs.append(
                fixture.echo,
                invocation: first,
                failure: ByteBuffer(string: body),
                code: .inputInvalid
            )

            let lines = fixture.logs.read(function: fixture.echo.function, tail: 10)

            #expect(lines.map(\.text) == ["glucose: expected float"])
            #expect(lines.map(\.level) == [.warning])
        }
    }

    @Test func `a failure that is no JSON still names its code`() async throws {
        try await withLogs { fixture in
            fixture.logs.append(
                fixture.echo,
                invocation: first,
                failure: ByteBuffer(string: "\u{0}garbage"),
                code: .outputInvalid
            )
            #expect(fixture.texts() == ["the handler failed: outputInvalid"])
        }
    }

    @Test func `a tail is the newest lines, oldest first`() async throws {
        try await withLogs { fixture in
            // More than one read of a file has.
            for number in 0..<5_000 { fixture.print("line \(number)\n") }

            #expect(fixture.texts(tail: 3) == ["line 4997", "line 4998", "line 4999"])
            #expect(fixture.texts(tail: 10_000) == (0..<5_000).map { "line \($0)" })
            #expect(fixture.texts(tail: 0).isEmpty)
        }
    }

    @Test func `lines of one invocation are found among others`() async throws {
        try await withLogs { fixture in
            for number in 0..<100 {
                fixture.print("\(number)\n", invocation: number % 50 == 0 ? first : second)
            }
            // Looks like a mark of the invocation, but is text.
            fixture.print(#","invocation":"\#(first)""# + "\n")

            let lines = fixture.logs.read(
                function: fixture.echo.function,
                tail: 10,
                invocation: first.description
            )

            #expect(lines.map(\.text) == ["0", "50"])
        }
    }

    @Test func `lines before the time that was asked for are left out`() async throws {
        try await withLogs { fixture in
            fixture.print("before\n")
            let line = try #require(
                fixture.logs.read(function: fixture.echo.function, tail: 1).first
            )
            let after = Timestamp(micros: line.atMicros + 1)
            while Clock.wallMicros() < after.micros {}
            fixture.print("after\n")

            let lines = fixture.logs.read(
                function: fixture.echo.function,
                tail: 10,
                since: after
            )

            #expect(lines.map(\.text) == ["after"])
        }
    }

    @Test func `a function without lines has an empty log`() async throws {
        try await withLogs { fixture in #expect(fixture.texts().isEmpty) }
    }

    @Test func `half a line that a crash left behind is passed over`() async throws {
        try await withLogs { fixture in
            fixture.print("whole\n")
            #expect(fixture.texts() == ["whole"])
            let file = try #require(fopen(fixture.file("echo.ndjson"), "a"))
            fputs(#"{"atMicros":17000,"lev"#, file)
            fclose(file)

            #expect(fixture.texts() == ["whole"])
        }
    }

    @Test func `removing a function removes its files`() async throws {
        try await withLogs { fixture in
            fixture.print("x\n")
            fixture.logs.remove(fixture.echo.function)

            #expect(fixture.texts().isEmpty)
            #expect(size(of: fixture.file("echo.ndjson")) == nil)
        }
    }

    @Test func `close writes what was appended before it and nothing after`() async throws {
        let fixture = try FunctionLogsFixture()
        defer { fixture.remove() }
        for number in 0..<100 { fixture.print("\(number)\n") }

        fixture.logs.close()
        fixture.print("late\n")

        #expect(fixture.texts(tail: 200) == (0..<100).map(String.init))
    }
}
