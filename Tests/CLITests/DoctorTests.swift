import CLI
import GatewayAPI
import GatewayClient
import Testing

@Suite struct DoctorTests {
    @Test func `nothing is asked for that sandboxes do not use`() throws {
        let help = try CommandRun("doctor", "--help")

        #expect(!help.output.contains("overlay"))
    }

    @Test func `this host can be looked at, beside a gateway`() throws {
        let run = try CommandRun(
            "doctor",
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        )

        #expect(run.output.contains("This host\n"))
        #expect(run.output.contains("python"))
        #expect(run.output.contains("up 1 min 5 s\n"))
        #expect(run.output.contains("writes in 40 us\n"))
    }

    @Test func `a gateway that was named and does not answer has failed`() throws {
        let run = try CommandRun("doctor", "-o", "json", url: "http://127.0.0.1:1")

        #expect(run.output.contains("gateway not reachable at http://127.0.0.1:1"))
        #expect(run.output.contains("start it with `gateway/run`"))
        let found = try JSONCoding.decode(Found.self, from: run.output.utf8)
        #expect(found.gatewayCheck.state == .failed)
        #expect(run.status == 1)
    }

    @Test(
        arguments: [
            (.unreachable, false, .warning), (.unreachable, true, .failed),
            (.timedOut, false, .warning), (.refused, false, .failed),
            (.answerInvalid, false, .failed),
        ] as [(ClientError.Code, Bool, NodeCheck.State)]
    )
    func `a gateway that does not run yet is a warning, and one that refuses is none`(
        code: ClientError.Code,
        isExpected: Bool,
        state: NodeCheck.State
    ) {
        let report = DoctorReport(
            url: "http://127.0.0.1:8080",
            error: ClientError(code, "no"),
            isExpected: isExpected
        )

        #expect(report.gatewayCheck.state == state)
        #expect(report.isFit == (state == .warning))
    }
}

/// What `faas doctor -o json` prints.
private struct Found: Decodable {
    let gatewayCheck: NodeCheck
}
