import CLI
import GatewayAPI
import GatewayClient
import Testing

@Suite struct ProgramTests {
    @Test func `a gateway that is not there says how to start it`() throws {
        let run = try CommandRun("list", url: "http://127.0.0.1:1")

        #expect(run.status == 1)
        #expect(
            run.errors == """
                error: gateway not reachable at http://127.0.0.1:1
                help: start it with `gateway/run`, or set FAAS_URL to where it listens\n
                """
        )
    }

    @Test(arguments: ["ftp://x", "127.0.0.1:8080", "http://", "http://a b"])
    func `a URL of no gateway is wrong usage`(url: String) throws {
        let run = try CommandRun("list", url: url)

        #expect(run.status == 2)
        #expect(run.errors.contains("set FAAS_URL to one such as http://127.0.0.1:8080"))
    }

    @Test func `what is not there is said with what is`() throws {
        let run = try CommandRun("describe", "nobody")

        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("error: There is no function `nobody`.\nhelp: `faas list`"))
    }

    @Test(arguments: ["plain", "strange"])
    func `what does not speak this API is said to be so`(name: String) throws {
        let run = try CommandRun("describe", name)

        #expect(run.status == 1)
        #expect(run.errors.contains("FAAS_URL"))
    }

    @Test(arguments: [
        (["describe"], "Missing expected argument"), (["nonsense"], "nonsense"),
        (["list", "--nonsense"], "--nonsense"), (["usage", "--by", "hour"], "hour"),
        (["describe", "Big_Name"], "no function name"), (["why", "12"], "no invocation id"),
        (["logs", "hello", "--since", "noon"], "no moment"),
        (["new", "x", "--folder", ""], "--folder must name a folder"),
        (["usage", "--from", "2026-02-01", "--to", "2026-01-01"], "--to must be after --from"),
    ])
    func `wrong usage exits with 2 and points to help`(words: [String], reason: String) throws {
        let run = try CommandRun(words: words)

        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("error: "))
        #expect(run.errors.contains(reason), "\(run.errors)")
        #expect(run.errors.contains("--help"), "\(run.errors)")
    }

    @Test(arguments: [
        ("lsit", "faas list"), ("queue sned", "faas queue send"), ("delpoy x", "faas deploy"),
    ])
    func `a mistyped command is told from the nearest one`(words: String, meant: String) throws {
        let run = try CommandRun(words: words.split(separator: " ").map(String.init))

        #expect(run.status == 2)
        #expect(run.errors.contains("help: did you mean `\(meant)`? "), "\(run.errors)")
    }

    @Test(arguments: [["-o", "json"], ["--output", "json"], ["--output=json"]])
    func `a failure is one line where JSON is asked for`(format: [String]) throws {
        let run = try CommandRun(words: ["describe", "nobody"] + format)

        #expect(run.status == 1)
        let line = try JSONCoding.decode(Refusal.self, from: run.errors.utf8)
        #expect(line.code == "functionNotFound")
        #expect(line.problem?.status == 404)
    }

    @Test func `a gateway that is not there has a code for programs`() throws {
        let run = try CommandRun("list", "-o", "json", url: "http://127.0.0.1:1")

        let line = try JSONCoding.decode(Refusal.self, from: run.errors.utf8)
        #expect(line.code == "unreachable")
        #expect(line.problem == nil)
    }

    @Test(arguments: [
        "new", "deploy", "invoke", "result", "list", "describe", "logs", "usage", "why", "remove",
        "doctor", "queue", "queue list", "queue send", "queue dead", "queue redrive",
        "queue purge", "queue remove", "schedule", "schedule list", "git sync",
    ])
    func `each command's help has examples`(command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let run = try CommandRun(words: words + ["--help"])

        #expect(run.status == 0)
        #expect(run.output.contains("EXAMPLES:"))
        #expect(run.output.contains("faas \(command)"))
    }

    @Test func `help names completions, and there are some for each shell`() throws {
        #expect(try CommandRun("--help").output.contains("--generate-completion-script"))
        for shell in ["bash", "zsh", "fish"] {
            let run = try CommandRun("--generate-completion-script", shell)
            #expect(run.status == 0)
            #expect(run.output.contains("describe"))
        }
    }

    @Test func `colour is for terminals that want it`() throws {
        let terminal = try CommandRun("list", isTerminal: true)
        let refusing = try CommandRun("list", environment: ["NO_COLOR": "1"], isTerminal: true)

        #expect(terminal.output.contains("\u{1B}[1m"))
        #expect(!refusing.output.contains("\u{1B}"))
    }

    @Test func `the token goes with each request`() throws {
        let environment = ["FAAS_TOKEN": "secret", "FAAS_URL": try CannedGateway.shared.get().url]
        let client = GatewayClient(configuration: try ClientConfiguration(environment: environment))

        #expect(try client.health().version == "Bearer secret")
    }

    @Test func `a call that is cancelled ends`() throws {
        let environment = ["FAAS_URL": try CannedGateway.shared.get().url]
        let client = GatewayClient(
            configuration: try ClientConfiguration(environment: environment),
            isCancelled: { true }
        )

        let error = #expect(throws: ClientError.self) { _ = try client.functions() }

        #expect(error?.code == .cancelled)
    }
}
