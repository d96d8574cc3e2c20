import CLI
import Foundation
import Functions
import GatewayAPI
import Testing

@Suite struct InvokeTests {
    private let id = "018f2c6e-4d3a-7abc-8def-0123456789ab"

    @Test func `arguments become a JSON object`() throws {
        let run = try CommandRun("invoke", "echo", "name=World \"1\"", "n:=3", "big:=[1.50,true]")

        #expect(run.output == #"{"name":"World \"1\"","n":3,"big":[1.50,true]}"#)
        #expect(run.status == 0)
        #expect(run.errors.isEmpty)
    }

    @Test func `without an input the body is an empty object`() throws {
        #expect(try CommandRun("invoke", "echo").output == "{}")
    }

    @Test func `data goes as it is`() throws {
        #expect(try CommandRun("invoke", "echo", "--data", "[1, 2]").output == "[1, 2]")
    }

    @Test func `a file goes with the content type of its name`() throws {
        let folder = try Folder()
        let path = folder.write(String(repeating: "x", count: 3_000_000), to: "receipt.PNG")

        let run = try CommandRun("invoke", "size", "--file", path)

        #expect(run.output == #"[3000000, "image/png"]"#)
    }

    @Test func `the standard input goes in pieces until its end`() throws {
        let folder = try Folder()
        let path = folder.write(String(repeating: "y", count: 200_000), to: "input")
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }

        let run = try CommandRun(
            "invoke",
            "size",
            "-",
            "--content-type",
            "text/x",
            input: descriptor
        )

        #expect(run.output == #"[200000, "text/x"]"#)
    }

    @Test func `a streamed answer is printed as it is`() throws {
        #expect(try CommandRun("invoke", "stream").output == "one\ntwo\n")
    }

    @Test func `what is no text is kept from a terminal, and from nothing else`() throws {
        let shown = try CommandRun("invoke", "image", isTerminal: true)
        let piped = try CommandRun("invoke", "image")

        #expect(!shown.output.contains("\0") && !shown.output.contains("end"))
        #expect(shown.errors.contains("of image/png, which is no text; `> FILE` keeps"))
        #expect(shown.status == 0)
        #expect(piped.output.hasSuffix("\0\0end"))
        #expect(piped.errors.isEmpty)
    }

    @Test func `timings go to the standard error`() throws {
        let run = try CommandRun("invoke", "stream", "--timings")

        #expect(run.errors.hasPrefix("warm start; queue 12 us, start 0, run 3.4 ms; "))
        #expect(run.errors.hasSuffix("; \(id)\n"))
    }

    @Test func `as JSON the answer stands among its circumstances`() throws {
        let run = try CommandRun("invoke", "echo", "a:=1", "-o", "json")

        let answer = try JSONCoding.decode(RawJSON.self, from: run.output.utf8)

        #expect(
            answer
                == .object([
                    "id": .string(id), "status": .integer(200), "startKind": .string("warm"),
                    "contentType": .string("application/json"),
                    "json": .object(["a": .integer(1)]),
                    "timings": .object([
                        "queueMicros": .integer(12), "startMicros": .integer(0),
                        "runMicros": .integer(3400),
                    ]),
                ])
        )
    }

    @Test func `a status that the handler chose prints its body and fails`() throws {
        let run = try CommandRun("invoke", "teapot")

        #expect(run.output == "I am a teapot")
        #expect(
            run.errors == """
                error: teapot answered with status 418
                help: `faas why \(id)` says more\n
                """
        )
        #expect(run.status == 1)
    }

    @Test func `a handler that raised is said in its words, with where to look`() throws {
        let run = try CommandRun("invoke", "raises")

        #expect(run.output.isEmpty)
        #expect(run.errors == "error: ValueError: no\nhelp: `faas why \(id)` says more\n")
        #expect(run.status == 1)
    }

    @Test func `a full queue says when to try again`() throws {
        let run = try CommandRun("invoke", "full")

        #expect(run.errors == "error: 256 are waiting.\nhelp: try again in 2 s\n")
    }

    @Test func `an answer that breaks off is an error`() throws {
        let run = try CommandRun("invoke", "torn")

        #expect(run.output == "one\n")
        #expect(
            run.errors == """
                error: the answer broke off: the function failed, or the gateway went away
                help: `faas why \(id)` says more\n
                """
        )
        #expect(run.status == 1)
    }

    @Test func `as JSON an answer that breaks off keeps what came`() throws {
        let run = try CommandRun("invoke", "torn", "-o", "json")

        #expect(run.output.contains(#""brokenOff" : true"#))
        #expect(run.output.contains(#""text" : "one\n""#))
        #expect(run.output.contains(id))
        #expect(run.errors.contains(#""code":"connectionLost""#))
        #expect(run.status == 1)
    }

    @Test func `how long a streamed answer ran is not known from its head`() throws {
        let timed = try CommandRun("invoke", "early", "--timings")
        let asJSON = try CommandRun("invoke", "early", "-o", "json")

        #expect(timed.errors.hasPrefix("warm start; queue 12 us, start 0; "))
        #expect(asJSON.output.contains("queueMicros"))
        #expect(!asJSON.output.contains("runMicros"))
    }

    @Test func `a revision, a key and header fields are asked for`() throws {
        let run = try CommandRun(
            words: [
                "invoke", "fields", "--revision", "4", "--sticky", "user 7", "-H", "X-Tag: a: b",
            ]
        )

        #expect(run.output == #"["4", "user 7", "a: b"]"#)
    }

    @Test func `as JSON a refusal is one line with its code`() throws {
        let run = try CommandRun("invoke", "raises", "-o", "json")

        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.filter { $0 == "\n" }.count == 1)
        let line = try JSONCoding.decode(Refusal.self, from: run.errors.utf8)
        #expect(line.code == "handlerRaised")
        #expect(line.message == "ValueError: no")
        #expect(line.problem?.status == 500)
    }

    @Test(arguments: ["30", "0.5", "30s", "500ms"])
    func `a timeout has a unit, or counts seconds`(timeout: String) throws {
        #expect(try CommandRun("invoke", "echo", "--timeout", timeout).status == 0)
    }

    @Test(arguments: [
        ["name"], ["=x"], ["n:=World"], ["a=1", "a=2"], ["a=1", "--data", "{}"], ["-", "a=1"],
        ["--timeout", "0"], ["--timeout", "0s"], ["--timeout", "2d"], ["--timeout", "soon"],
        ["--sticky", ""], ["-H", "X-Tag"], ["-H", "X Tag: 1"], ["-H", "X-Tag:"],
        ["-H", "Content-Length: 3"], ["--async", "--revision", "4"], ["--async", "--sticky", "a"],
    ])
    func `an input that makes no sense is wrong usage`(arguments: [String]) throws {
        let words = ["invoke", "echo"] + arguments
        let run = try CommandRun(words: words)

        #expect(run.status == 2)
        #expect(run.errors.hasPrefix("error: "))
        #expect(run.errors.contains("\nhelp: "))
    }
}

/// What a failed command with `-o json` says on the standard error.
struct Refusal: Decodable {
    let code: String
    let message: String
    let problem: Problem?
}
