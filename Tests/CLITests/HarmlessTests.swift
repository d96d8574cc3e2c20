import CLI
import GatewayAPI
import GitDeploys
import Synchronization
import Testing

/// A function's own words on a terminal.
@Suite struct HarmlessTests {
    private let steering = "\u{1B}]0;owned\u{7}\u{9B}2J"
    private let shown = "\u{FFFD}]0;owned\u{FFFD}\u{FFFD}2J"

    @Test(arguments: [["NO_COLOR": "1"], ["TERM": "dumb"]])
    func `a terminal without colour is not steered either`(environment: [String: String]) throws {
        let run = try CommandRun("logs", "hello", environment: environment, isTerminal: true)

        #expect(run.output.contains("\u{FFFD}[31mred"))
        #expect(!run.output.contains("\u{1B}"))
    }

    @Test func `what is no terminal gets a function's words as they are`() throws {
        let logs = try CommandRun("logs", "hello")
        let answer = try CommandRun("invoke", "steers")

        #expect(logs.output.contains("\u{1B}[31mred"))
        #expect(answer.errors.contains("error: ValueError: \(steering)\nline 2\n"))
    }

    @Test func `an error cannot steer the terminal, and keeps its lines`() throws {
        let run = try CommandRun("invoke", "steers", isTerminal: true)

        #expect(run.errors.contains("error:\u{1B}[0m ValueError: \(shown)\nline 2\n"))
        #expect(run.errors.contains("\n  fault \(shown)\n"))
    }

    @Test func `what a zygote says of itself cannot steer the terminal`() throws {
        let folder = try Folder()
        #expect(try CommandRun("new", "steers", "--folder", "\(folder.path)/steers").status == 0)

        let described = try CommandRun("describe", "steers", isTerminal: true)
        let deployed = try CommandRun("deploy", "\(folder.path)/steers", isTerminal: true)

        for word in ["thread", "reason"] {
            #expect(described.output.contains("\(word) \(shown)\n"), "\(described.output)")
        }
        // JSON has its own way to write most of them.
        #expect(described.output.contains(#""schema \u001b]0;owned\u0007\#u{FFFD}2J""#))
        #expect(deployed.output.contains(" each instance loads by itself: reason \(shown)\n"))
    }

    @Test func `a table's cells cannot steer the terminal`() {
        let table = Table([.init("NAME"), .init("N")], rows: [["a\n\u{1B}b", "1"]])

        let paint = Paint(isOn: false, isTerminal: true)

        #expect(table.text(paint: paint) == "NAME  N\na\u{FFFD}\u{FFFD}b  1\n")
    }

    @Test(arguments: [true, false])
    func `who pushes sees our colours, and no function's escapes`(hasColour: Bool) {
        let lines = Mutex<[String]>([])
        let paint = Paint(isOn: hasColour, isTerminal: true)
        let printer = PushPrinter(
            paint: paint,
            now: { 0 },
            write: { line in lines.withLock { $0.append(line) } }
        )

        printer.show(
            .failed(
                PushFailure(
                    subject: "hello",
                    message: "ValueError: \(steering)\nline 2",
                    details: [steering],
                    advice: nil
                )
            )
        )

        let label = "\(paint.bold("hello")) \(paint.red("failed:"))"
        #expect(
            lines.withLock { $0 } == [
                "\(label) ValueError: \(shown)\n", "  line 2\n", "  | \(shown)\n",
            ]
        )
    }
}
