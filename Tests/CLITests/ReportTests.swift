import CLI
import GatewayAPI
import Testing

@Suite struct ReportTests {
    private let id = "018f2c6e-4d3a-7abc-8def-0123456789ab"

    @Test func `the list is an aligned table`() throws {
        let run = try CommandRun("list")

        #expect(
            run.output == """
                NAME   REVISION  STATE  INSTANCES  WAITING  ZYGOTE  DEPLOYED  COMMIT  URL
                hello  hello-7   warm           1        0  ready   1 h ago   -       \
                http://127.0.0.1:8080/function/hello\n
                """
        )
    }

    @Test func `the list as JSON is the gateway's`() throws {
        let run = try CommandRun("list", "-o", "json")

        let list = try JSONCoding.decode(FunctionList.self, from: run.output.utf8)

        #expect(list.functions.map(\.deployedAtMicros) == [1_769_860_800_000_000])
    }

    @Test func `a description has limits in units and the schema`() throws {
        let run = try CommandRun("describe", "hello")

        for line in [
            "deployed  2026-01-31T12:00:00Z, 1 h ago", "memory      256 MiB",
            "cpu         0.5 cores", "timeout     30 s in all, first byte 30 s, idle 10 s",
            "forked         yes", "input schema",
        ] {
            #expect(run.output.contains("\(line)\n"), "\(line)\n\(run.output)")
        }
    }

    @Test func `a description says where it comes from, how it is rolled out and what fails`()
        throws
    {
        let run = try CommandRun("describe", "rolled")

        for line in [
            "commit    0123456789 Greet in two languages", "author    Anna <anna@example.org>",
            "from      models, branch main", "by        anna@box", "state     failed",
            "traffic       hello-8 5%, hello-7 95%",
            "rollout       revision 8 has 5%, step 1 of 3, goes on in 1 min 40 s",
            "fallback      1 h ago, revision 7 gave way to 6: 21.3% of 94 answers failed "
                + "(20 failed), over maxErrorRate 1%",
            "probe         fails: The sample was answered 2, not 1.",
            "model         s3://models/hello.bin at /model/hello.bin",
        ] {
            #expect(run.output.contains("\(line)\n"), "\(line)\n\(run.output)")
        }
    }

    @Test func `a statement with one row needs no total`() throws {
        let run = try CommandRun("usage")

        #expect(
            run.output == """
                FUNCTION  INVOCATIONS  ATTEMPTS  FAILED  BILLED      MEMORY  GPU MEMORY    IN  \
                  OUT             COST
                hello               3         4       1  1.23 s  0.30 GiB s           0  60 B  \
                2 KiB  0.000000042 EUR\n
                """
        )
    }

    @Test func `a statement is asked for in the gateway's words and has a total`() throws {
        let run = try CommandRun("usage", "--by", "day", "--from", "1h", "--to", "2026-02-01")

        #expect(run.output.contains("by=day&from=2026-01-31T12%3A00%3A00Z&to=2026-02-01T00%3A00"))
        #expect(run.output.contains("\ntotal "))
    }

    @Test func `a statement as CSV has raw numbers`() throws {
        let run = try CommandRun("usage", "-o", "csv")

        #expect(run.output.hasSuffix("\r\nhello,3,4,1,1234,315904,0,60,2048,42,EUR\r\n"))
    }

    @Test func `why explains an invocation`() throws {
        let run = try CommandRun("why", id)

        #expect(run.output.contains("outcome     completed (status 200)\n"))
        #expect(run.output.contains("starting    1.1 ms\n"))
        #expect(
            run.output.hasSuffix(
                "\n- It was forked from the zygote, because no instance was idle.\n"
            )
        )
    }

    @Test func `logs are lines with time and level`() throws {
        let run = try CommandRun("logs", "hello", "--tail", "5", "--invocation", id)

        #expect(
            run.output.hasPrefix(
                "2026-01-31T12:00:00Z stdout  tail=5&invocation=\(id)\n2026-01-31T12:00:00Z stderr "
            )
        )
    }

    @Test func `a function's output cannot steer the terminal`() throws {
        let run = try CommandRun("logs", "hello", isTerminal: true)

        #expect(run.output.contains("\u{FFFD}[31mred"))
    }

    @Test func `logs as JSON are the gateway's lines`() throws {
        let run = try CommandRun("logs", "hello", "-f", "-o", "json")

        let lines = try run.output.split(separator: "\n").map {
            try JSONCoding.decode(LogLine.self, from: $0.utf8)
        }
        #expect(lines.map(\.text) == ["line 0", "line 1", "line 2"])
        // It would go on until Ctrl-C.
        #expect(run.errors.contains("the gateway ended the log"))
        #expect(run.status == 1)
    }

    @Test func `removing needs a yes where nobody can be asked`() throws {
        let refused = try CommandRun("remove", "hello")
        let done = try CommandRun("remove", "hello", "--yes")

        #expect(refused.status == 2)
        #expect(refused.errors.contains("help: say so beforehand: faas remove hello --yes"))
        #expect(done.status == 0)
        #expect(done.output == "hello removed\n")
    }
}
