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

    @Test func `a gateway that does not run yet is a warning`() throws {
        let run = try CommandRun("doctor", "-o", "json", url: "http://127.0.0.1:1")

        #expect(run.output.contains("gateway not reachable at http://127.0.0.1:1"))
        #expect(run.output.contains("start it with `gateway/run`"))
    }
}
