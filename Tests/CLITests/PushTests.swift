import CLI
import Functions
import GatewayAPI
import GitDeploys
import Synchronization
import Testing

@Suite struct PushTests {
    private let plain = Paint(isOn: false, isTerminal: false)
    private let commit = ObjectID(String(repeating: "c", count: 40))

    /// What is shown of events.
    private func shown(_ events: [PushEvent], now: @escaping () -> Int64 = { 0 }) -> [String] {
        let lines = Mutex<[String]>([])
        let printer = PushPrinter(paint: plain, now: now) { line in
            lines.withLock { $0.append(line) }
        }
        for event in events { printer.show(event) }
        return lines.withLock { $0 }
    }

    @Test func `a step that says the same again does so now and then`() throws {
        let name = try #require(FunctionName("hello"))
        let times = Mutex<Int64>(0)
        let events = (0..<10).map { index in
            PushEvent.step(
                name,
                DeployEvent(
                    step: .requirements,
                    message: "installing",
                    detail: "line \(index)",
                    elapsedMillis: Int64(index)
                )
            )
        }

        let lines = shown(events) {
            times.withLock { time in
                time += 500_000
                return time
            }
        }

        #expect(
            lines == [
                "  requirements: installing line 0\n", "  requirements: installing line 4\n",
                "  requirements: installing line 8\n",
            ]
        )
    }

    @Test func `a sample is shown with its input and its answer`() throws {
        let name = try #require(FunctionName("hello"))
        let event = DeployEvent(
            step: .sample,
            message: "sample.json was answered as expected",
            detail: "input: {}\nanswer: 1",
            elapsedMillis: 5
        )

        let lines = shown([.step(name, event)])

        #expect(
            lines == [
                "  sample: sample.json was answered as expected\n", "    input: {}\n",
                "    answer: 1\n",
            ]
        )
    }

    @Test func `a function that is ready says what took its time`() throws {
        let name = try #require(FunctionName("hello"))
        let events: [PushEvent] = [
            .sending(name, byteCount: 2048),
            .step(name, DeployEvent(step: .received, message: "", elapsedMillis: 0)),
            .step(name, DeployEvent(step: .load, message: "loading", elapsedMillis: 10)),
            .step(name, DeployEvent(step: .trial, message: "tried", elapsedMillis: 60)),
            .prepared(name, DeployEvent(step: .prepared, message: "", elapsedMillis: 60)),
        ]

        #expect(
            shown(events) == [
                "hello: sending 2 KiB\n", "  load: loading\n", "  trial: tried\n",
                "  ready in 60 ms (received 10 ms, load 50 ms)\n",
            ]
        )
    }

    @Test func `a failure shows its log and what to do`() {
        let failure = PushFailure(
            subject: "hello",
            message: "OSError: no weights",
            details: ["Traceback", "  line 2"],
            advice: "correct it"
        )

        #expect(
            shown([.failed(failure)]) == [
                "hello failed: OSError: no weights\n", "  | Traceback\n", "  |   line 2\n",
                "  help: correct it\n",
            ]
        )
    }

    @Test func `of a long log the end is shown`() {
        let lines = PushLines.log((0..<100).map { "\($0)" })

        #expect(lines.count == PushLines.logLinesMax + 1)
        #expect(lines.first == "... 60 lines before")
        #expect(lines.last == "99")
    }

    @Test func `the last line says what serves, and after how long`() throws {
        let push = PreparedPush(
            id: "p",
            branch: "main",
            commit: try #require(commit),
            changed: [],
            unchanged: ["a"],
            remove: ["b"],
            beganAtMicros: 0
        )

        let lines = shown([.served(push, PushResult(functions: [], removed: ["b"]), millis: 1840)])

        #expect(
            lines == [
                "unchanged: a\n", "removed: b\n", "1 function serves cccccccccc, after 1.84 s\n",
            ]
        )
    }

    @Test func `as JSON a branch has what was changed and what was not`() throws {
        let push = PreparedPush(
            id: "p",
            branch: "main",
            commit: try #require(commit),
            changed: ["a"],
            unchanged: ["b"],
            remove: ["c"],
            beganAtMicros: 0
        )
        let events: [PushEvent] = [
            .note("a note"), .served(push, PushResult(functions: [], removed: ["c"]), millis: 7),
            .removed(branch: "wip", ["a--wip"]),
        ]

        let lines = try events.compactMap(SyncedBranch.init).map {
            String(decoding: try JSONCoding.encode($0), as: UTF8.self)
        }

        #expect(
            lines == [
                """
                {"branch":"main","changed":["a"],"commit":"\(try #require(commit))",\
                "removed":["c"],"unchanged":["b"]}
                """,
                """
                {"branch":"wip","changed":[],"removed":["a--wip"],"unchanged":[]}
                """,
            ]
        )
    }

    @Test(arguments: [
        ("short", ["short"]), ("", [""]), ("two\nlines", ["two", "  lines"]),
    ])
    func `a line that fits stays as it is`(text: String, lines: [String]) {
        #expect(PushLines.folded(text, indent: "  ") == lines)
    }

    @Test func `a long line is folded at its spaces`() {
        let text = String(repeating: "word ", count: 40)

        let lines = PushLines.folded(text, indent: "    ")

        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.count <= PushLines.columnsMax })
        #expect(lines[1].hasPrefix("    word"))
    }

    @Test func `one without spaces is broken`() {
        let lines = PushLines.folded(String(repeating: "x", count: 200), indent: " ")

        #expect(lines.map(\.count) == [90, 90, 22])
        let indented = PushLines.folded("  " + String(repeating: "y", count: 100), indent: "  ")
        #expect(indented.map(\.count) == [90, 14])
    }

    @Test func `repositories are listed with what their branches serve`() {
        let report = RepositoryReport(
            name: "models",
            account: "local",
            path: "/data/git/models.git",
            remotePath: "/git/models.git",
            branches: [.init(name: "main", commit: "abcdef0123456789", deployedAtMicros: 0)]
        )

        let table = RepositoryText.table([report], now: 180_000_000, paint: plain)
        let remotes = RepositoryText.remotes(report, url: "http://h:1", paint: plain)

        #expect(table.contains("models  main    abcdef0123  3 min ago  /data/git/models.git"))
        #expect(remotes.contains("git remote add faas http://h:1/git/models.git"))
        #expect(remotes.contains("git remote add faas HOST:/data/git/models.git"))
        let none = RepositoryText.table([], now: 0, paint: plain)
        #expect(none.contains("`faas git init NAME`"))
    }
}
