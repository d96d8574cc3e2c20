import CLI
import GatewayAPI
import Testing

@Suite struct AsyncTests {
    private let id = "018f2c6e-4d3a-7abc-8def-0123456789ab"
    private let retryingID = "01902c6e-4d3a-7abc-8def-0123456789ab"
    private let deadID = "01912c6e-4d3a-7abc-8def-0123456789ab"

    @Test func `an asynchronous invocation prints its id`() throws {
        #expect(try CommandRun("invoke", "hello", "--async").output == "\(id)\n")
        let run = try CommandRun("invoke", "hello", "--async", "-o", "json")
        #expect(try JSONCoding.decode(CallReceipt.self, from: run.output.utf8).id == id)
    }

    @Test func `with a wait it prints the result`() throws {
        let run = try CommandRun("invoke", "hello", "--async", "--wait", "90s")

        // The second request waits what the first one, of a minute at most, has left.
        #expect(run.output == #"{"query": "wait=1m"}"#)
        #expect(run.status == 0)
    }

    @Test func `a function that is not there is said at once`() throws {
        let run = try CommandRun("invoke", "nobody", "--async")

        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("error: There is no function `nobody`.\n"))
    }

    @Test func `a callback that is refused says what is allowed`() throws {
        let words = ["invoke", "hello", "--async", "--callback", "http://169.254.169.254/"]

        let run = try CommandRun(words: words)

        #expect(run.status == 1)
        #expect(run.errors.contains("help: give an http or https URL"))
    }

    @Test func `a result is printed as it is, also one with the status 202`() throws {
        let run = try CommandRun("result", id)

        #expect(run.output == #"{"query": ""}"#)
        #expect(run.errors.isEmpty)
    }

    @Test func `a result as JSON stands among its circumstances`() throws {
        let run = try CommandRun("result", id, "--wait", "-o", "json")

        #expect(run.output.contains("\"status\" : 202"))
        #expect(run.output.contains("\"query\" : \"wait=1m\""))
    }

    @Test func `a result that is not there yet says when it may be`() throws {
        let run = try CommandRun("result", retryingID, "--wait", "1s")

        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(
            run.errors == """
                error: \(retryingID) has not ended: it is retrying; attempt 2 is due in 8 s
                help: `faas result \(retryingID) --wait 1m` asks again\n
                """
        )
        let late = try CommandRun("result", retryingID, now: 1_769_864_408_000_000)
        #expect(late.errors.contains("retrying; attempt 2 is due now\n"))
        let asJSON = try CommandRun("result", retryingID, "-o", "json")
        let report = try JSONCoding.decode(InvocationReport.self, from: asJSON.output.utf8)
        #expect(report.state == .retrying)
    }

    @Test func `the result of one that failed is its problem`() throws {
        let run = try CommandRun("result", deadID)

        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("error: ValueError: no\n"))
    }

    @Test func `a result that is no longer kept says what is`() throws {
        let run = try CommandRun("result", "01922c6e-4d3a-7abc-8def-0123456789ab")

        #expect(run.errors.contains("results are kept for a time; `faas why ID` still says"))
    }

    @Test func `why shows what was enqueued, each attempt, and the next`() throws {
        let run = try CommandRun("why", retryingID)

        for line in [
            "trigger       queue:patients", "enqueued      2026-01-31T11:59:50Z, in patients",
            "outcome       retrying", "next attempt  2026-01-31T13:00:08Z, in 8 s",
        ] {
            #expect(run.output.contains("\(line)\n"), "\(line)\n\(run.output)")
        }
        #expect(run.output.contains("ATTEMPT  ACCEPTED              REVISION  START  OUTCOME"))
        #expect(
            run.output.contains(
                "      1  2026-01-31T12:00:00Z  hello-6   cold   failed    12 us    1.1 ms  "
                    + "3.4 ms    4 ms  ValueError: no second line\n"
            ),
            "\(run.output)"
        )
    }

    @Test func `why says that an invocation is dead, and what brings it back`() throws {
        let run = try CommandRun("why", deadID)

        #expect(run.output.contains("outcome     dead after 2 attempts\n"))
        #expect(run.output.contains("\n- `faas queue redrive patients` has the queue's dead"))
    }

    @Test(arguments: [
        ["--wait", "1s"], ["--callback", "http://x"], ["--async", "--timings"],
        ["--async", "--callback", "ftp://x"], ["--async", "--wait", "soon"],
    ])
    func `what makes no sense is wrong usage`(arguments: [String]) throws {
        let run = try CommandRun(words: ["invoke", "hello"] + arguments)

        #expect(run.status == 2, "\(run.errors)")
    }
}
