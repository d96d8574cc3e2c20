import CLI
import Foundation
import GatewayAPI
import Testing

@Suite struct DeployTests {
    @Test func `steps are plain lines without a terminal, and the result says what to do next`()
        throws
    {
        let folder = try made("hello")

        let run = try CommandRun("deploy", "\(folder.path)/hello")

        #expect(run.status == 0)
        #expect(
            run.output == """
                hello serves as hello-7, deployed in 1.2 s
                try it:  faas invoke hello --file \(folder.path)/hello/sample.json
                or:      POST http://127.0.0.1:8080/function/hello\n
                """
        )
        let lines = run.errors.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("hello: sending "))
        #expect(lines[1] == "hello: received: received it")
        #expect(lines[2].hasPrefix("hello: load: load it "))
        #expect(lines[2].hasSuffix(" bytes"))
    }

    @Test func `on a terminal steps that are over stay, and the live line is taken away`() throws {
        let folder = try made("hello")

        let run = try CommandRun("deploy", "\(folder.path)/hello", isTerminal: true)

        #expect(run.errors.contains("+\u{1B}[0m hello: received: received it"))
        #expect(run.errors.contains("39 ms"))
        #expect(run.errors.hasSuffix("\n"))
    }

    @Test func `a detail of several lines stays several lines`() throws {
        let folder = try made("tried")
        let path = "\(folder.path)/tried"

        let piped = try CommandRun("deploy", path).errors
        let shown = try CommandRun("deploy", path, isTerminal: true).errors

        #expect(
            piped.contains(
                "tried: sample: sample it\ntried:   input: {}\ntried:   answer: {}\n"
            )
        )
        #expect(shown.contains("\n    \u{1B}[2minput: {}\u{1B}[0m\n"))
        #expect(!shown.contains("\u{FFFD}"))
    }

    @Test func `a terminal that cannot take a line back gets plain lines`() throws {
        let folder = try made("tried")

        let run = try CommandRun(
            "deploy",
            "\(folder.path)/tried",
            environment: ["TERM": "dumb"],
            isTerminal: true
        )

        #expect(run.errors.contains("\ntried: load: load it "))
        #expect(!run.errors.contains("\u{1B}"))
        #expect(!run.errors.contains("\r"))
    }

    @Test func `what serves already is said to be unchanged`() throws {
        let folder = try made("same")

        let run = try CommandRun("deploy", "\(folder.path)/same")

        #expect(run.output == "same unchanged: hello-7 serves this bundle already\n")
    }

    @Test func `as JSON the last event is one line`() throws {
        let folder = try made("hello")

        let run = try CommandRun("deploy", "\(folder.path)/hello", "-o", "json")

        let event = try JSONCoding.decode(DeployEvent.self, from: run.output.utf8)
        #expect(event.step == .done)
        #expect(event.function?.revision == "hello-7")
        #expect(run.output.filter { $0 == "\n" }.count == 1)
    }

    @Test(arguments: [
        (
            "broken",
            """
            error: No module named 'numpy'
            help: name the module's package in requirements.txt and deploy again\n
            """
        ),
        (
            "busy",
            """
            error: Another deploy is under way.
            help: wait for the other deploy to end, then deploy again\n
            """
        ),
        (
            "faulty",
            """
            error: 1 fault
              function.yaml:3: unknown key
            help: correct the function folder and deploy again\n
            """
        ),
        (
            "lost",
            """
            error: the gateway ended the deploy without saying how it went
            help: `faas describe lost` shows what serves\n
            """
        ),
    ])
    func `a deploy that fails says why and what to do`(name: String, errors: String) throws {
        let folder = try made(name)

        let run = try CommandRun("deploy", "\(folder.path)/\(name)")

        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasSuffix(errors))
    }

    @Test func `of several folders the good ones are deployed`() throws {
        let folder = try made("broken")
        #expect(try CommandRun("new", "hello", "--folder", "\(folder.path)/hello").status == 0)

        let run = try CommandRun("deploy", "\(folder.path)/broken", "\(folder.path)/hello")

        #expect(run.status == 1)
        #expect(run.output.hasPrefix("hello serves as hello-7"))
        #expect(
            run.errors.contains(
                "error: 1 of 2 folders could not be deployed: \(folder.path)/broken\n"
            )
        )
    }

    @Test func `as JSON each folder has its line, and the failure one of its own`() throws {
        let folder = try made("broken")
        let hello = "\(folder.path)/hello"
        #expect(try CommandRun("new", "hello", "--folder", hello).status == 0)

        let run = try CommandRun("deploy", "\(folder.path)/broken", hello, "-o", "json")

        let lines = run.output.split(separator: "\n")
        try #require(lines.count == 2)
        let failed = try JSONCoding.decode(Failed.self, from: lines[0].utf8)
        #expect(failed.folder == "\(folder.path)/broken")
        #expect(failed.failure.code == "moduleNotFound")
        #expect(failed.failure.problem?.detail == "No module named 'numpy'")
        #expect(try JSONCoding.decode(DeployEvent.self, from: lines[1].utf8).step == .done)
        let last = try #require(run.errors.split(separator: "\n").last)
        let failure = try JSONCoding.decode(Refusal.self, from: last.utf8)
        #expect(failure.message.hasSuffix("could not be deployed: \(folder.path)/broken"))
    }

    @Test func `a plain file beside folders is passed over`() throws {
        let folder = try made("hello")
        let file = folder.write("", to: "pyproject.toml")

        let beside = try CommandRun("deploy", "\(folder.path)/hello", file)
        let alone = try CommandRun("deploy", file)

        #expect(beside.status == 0)
        #expect(beside.errors.contains("note: \(file) is no folder\n"))
        #expect(alone.status == 1)
    }

    @Test func `a manifest with faults never leaves the machine`() throws {
        let folder = try made("hello")
        folder.write("name: hello\nlimits: { memroy: 1Gi }\n", to: "hello/function.yaml")

        let run = try CommandRun("deploy", "\(folder.path)/hello", url: "http://127.0.0.1:1")

        #expect(run.status == 1)
        #expect(run.errors.contains("function.yaml:2"))
        #expect(run.errors.contains("'memory'"))
    }

    @Test func `a new function never overwrites`() throws {
        let folder = try made("hello")
        folder.write("mine", to: "hello/handler.py")

        let run = try CommandRun("new", "hello", "--folder", "\(folder.path)/hello")

        #expect(run.status == 1)
        #expect(run.errors.contains("is there already"))
        #expect(try folder.read("hello/handler.py") == "mine")
    }

    @Test func `a new function says what was made, and how to deploy it`() throws {
        let folder = try Folder()

        let run = try CommandRun("new", "hello", "--folder", "\(folder.path)/hello")

        let names = ["function.yaml", "handler.py", "sample.json", "sample.expected.json"]
        #expect(
            run.output == names.map { "made \(folder.path)/hello/\($0)\n" }.joined()
                + "\nDeploy it with: faas deploy \(folder.path)/hello\n"
        )
        // Deploys refuse it.
        #expect(try !folder.read("hello/function.yaml").contains("egress"))
    }

    @Test func `a new function as JSON has its folder and its files`() throws {
        let folder = try Folder()

        let run = try CommandRun("new", "hello", "--folder", "\(folder.path)/hello", "-o", "json")

        let made = try JSONCoding.decode(Made.self, from: run.output.utf8)
        #expect(run.status == 0)
        #expect(made.name == "hello")
        #expect(made.folder == "\(folder.path)/hello")
        #expect(
            made.files == ["function.yaml", "handler.py", "sample.json", "sample.expected.json"]
        )
    }

    @Test func `a revision that is rolled out is said to have its share`() throws {
        let folder = try made("canary")

        let run = try CommandRun("deploy", "\(folder.path)/canary")

        #expect(
            run.output.hasPrefix(
                "canary is rolled out as canary-8, deployed in 1.2 s: 5% of the traffic, "
                    + "step 1 of 3; "
            )
        )
    }

    @Test func `a bundle that was taken off the traffic is said to be, with the reason`() throws {
        let folder = try made("bad")

        let run = try CommandRun("deploy", "\(folder.path)/bad")

        #expect(
            run.output.hasSuffix(
                "note: revision 7 gave way to 6: 21.3% of 94 answers failed (20 failed), over "
                    + "maxErrorRate 1%\n"
            )
        )
    }

    @Test func `a folder that is committed as it is brings its commit along`() throws {
        let folder = try made("origin")
        try git(folder, "init", "--quiet", "--initial-branch", "topic")
        try git(folder, "add", ".")
        try git(folder, "commit", "--quiet", "--message", "Greet & more")

        let committed = try CommandRun("deploy", "\(folder.path)/origin").output
        folder.write("changed", to: "origin/handler.py")
        let changed = try CommandRun("deploy", "\(folder.path)/origin").output

        #expect(committed.contains("&branch=topic&commit="))
        #expect(
            committed.contains("&author=Anna%20%3Canna%40example.org%3E&subject=Greet%20%26%20")
        )
        #expect(committed.contains("&by="))
        #expect(changed.hasPrefix("by="))
    }

    private func git(_ folder: Folder, _ words: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/git")
        let identity = ["-c", "user.name=Anna", "-c", "user.email=anna@example.org"]
        process.arguments = ["-C", folder.path] + identity + words
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    private func made(_ name: String) throws -> Folder {
        let folder = try Folder()
        let run = try CommandRun("new", name, "--folder", "\(folder.path)/\(name)")
        #expect(run.status == 0)
        return folder
    }
}

/// What `faas new -o json` prints.
private struct Made: Decodable {
    let name: String
    let folder: String
    let files: [String]
}

/// What `faas deploy -o json` prints of a folder that was not deployed.
private struct Failed: Decodable {
    let folder: String
    let failure: Refusal
}
