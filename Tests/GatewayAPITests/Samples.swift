import Functions
import GatewayAPI
import Testing

/// One value of each wire type with every member present, so that its encoding shows all keys.
enum Samples {
    static let counts = PoolCounts(
        idle: 1,
        busy: 2,
        starting: 3,
        parked: 4,
        waiting: 5,
        zygote: .ready
    )

    static let problem = Problem(
        .manifestInvalid,
        detail: "2 faults",
        instance: "/v1/functions/hello",
        retryAfterSeconds: 3,
        errors: [fault]
    )

    static let fault = Problem.Fault(
        message: "unknown key memroy",
        file: "function.yaml",
        line: 3,
        path: "$.limits",
        advice: "memory"
    )

    static let runtime = RuntimeFacts(
        handlerKind: .predict,
        schema: HandlerSchema(
            input: .object(["type": .string("object")]),
            output: .object(["type": .string("string")])
        ),
        streamsInput: false,
        hasAttach: true,
        threads: ["ThreadPool-0"],
        forkable: false,
        forkableReason: "a thread did not survive",
        importMicros: 21_000,
        loadMicros: 250_000,
        zygoteMemoryBytes: 84 << 20
    )

    static func description() throws -> FunctionDescription {
        let name = try #require(FunctionName("hello"))
        let revision = Revision(
            function: name,
            number: 7,
            digest: String(repeating: "ab", count: 32),
            manifest: Manifest(
                name: "hello",
                rollout: Manifest.Rollout(),
                probe: Manifest.Probe(),
                model: RevisionSamples.model
            ),
            account: .local,
            deployedAtMicros: 1_769_860_800_000_000
        )
        return FunctionDescription(
            revision: revision,
            origin: RevisionSamples.origin,
            traffic: RevisionSamples.traffic,
            failure: "The sample was answered 2, not 1.",
            state: .warm,
            runtime: runtime,
            pool: counts,
            url: "http://127.0.0.1:8080/function/hello"
        )
    }

    static func event() throws -> DeployEvent {
        DeployEvent(
            step: .done,
            message: "serving",
            detail: "hello-7",
            elapsedMillis: 1200,
            function: try description(),
            problem: problem,
            unchanged: false
        )
    }

    static let line = LogLine(
        atMicros: 1_769_860_800_000_000,
        invocation: "018f2c6e-4d3a-7abc-8def-0123456789ab",
        instance: "hello-7/3",
        level: .stdout,
        text: "hello"
    )

    static let row = UsageRow(
        key: "hello",
        invocations: 3,
        attempts: 4,
        failures: 1,
        billedMillis: 12,
        memoryMiBMillis: 3072,
        gpuMemoryMiBMillis: 0,
        bytesIn: 60,
        bytesOut: 90,
        costNanos: 42
    )

    static let statement = UsageStatement(
        grouping: .function,
        fromMicros: 0,
        toMicros: 1,
        rows: [row],
        total: row,
        currency: "EUR"
    )

    static let invocation = InvocationReport(
        id: "018f2c6e-4d3a-7abc-8def-0123456789ab",
        function: "hello",
        revision: "hello-7",
        account: "local",
        trigger: "http",
        state: .ended,
        outcome: .completed,
        startKind: .fork,
        status: 200,
        acceptedAtMicros: 1_769_860_800_000_000,
        timings: InvocationTimings(queueMicros: 12, startMicros: 1100, runMicros: 3400),
        billedMillis: 4,
        costNanos: 42,
        currency: "EUR",
        attempts: 1,
        message: "well",
        explanation: ["It was forked from the zygote, because no instance was idle."],
        enqueuedAtMicros: 1_769_860_700_000_000,
        queue: "patients",
        nextAttemptAtMicros: 1_769_860_900_000_000,
        attemptReports: [attempt],
        resultKeptUntilMicros: 1_769_864_400_000_000
    )

    static let attempt = AttemptReport(
        attempt: 1,
        revision: "hello-7",
        startKind: .warm,
        outcome: .failed,
        acceptedAtMicros: 1_769_860_800_000_000,
        timings: InvocationTimings(queueMicros: 1, startMicros: 2, runMicros: 3),
        billedMillis: 1,
        costNanos: 4,
        message: "ValueError: no"
    )

    static let pool = PoolReport(
        function: "hello",
        revision: "hello-7",
        counts: counts,
        memoryBytes: 1 << 20,
        gpuMemoryMiB: 0,
        lastUsedAtMicros: 1
    )

    static let program = NodeReport.Program(name: "runc", version: "1.1.5", path: "/usr/sbin/runc")

    static let gpu = GPUReport(uuid: "GPU-1", name: "H100", memoryMiB: 81_559, reservedMiB: 4096)

    static let check = NodeCheck(
        name: "disk",
        state: .warning,
        message: "1 GiB free",
        advice: "free some space"
    )

    static let node = NodeReport(
        version: "0.1.0",
        runtime: program,
        python: program,
        cgroupLayout: .hybrid,
        seccomp: true,
        gpus: [gpu],
        dataFolder: "/var/lib/faas",
        diskFreeBytes: 1 << 30,
        uptimeSeconds: 60,
        checks: [check]
    )

    /// Each under the name of its schema.
    static func all() throws -> [(schema: String, value: any Codable & Hashable)] {
        let description = try description()
        return [
            ("Problem", problem), ("Fault", fault), ("DeployEvent", try event()),
            ("FunctionList", FunctionList(functions: [description.summary])),
            ("FunctionSummary", description.summary), ("FunctionDescription", description),
            ("Limits", description.limits), ("Timeout", description.timeout),
            ("Scale", description.scale), ("RuntimeFacts", runtime), ("LogLine", line),
            ("HandlerSchema", HandlerSchema(input: .bool(true), output: .bool(true))),
            ("UsageStatement", statement), ("UsageRow", row), ("InvocationReport", invocation),
            ("InvocationTimings", invocation.timings), ("PoolList", PoolList(pools: [pool])),
            ("PoolReport", pool), ("PoolCounts", counts), ("NodeReport", node),
            ("Program", program), ("GPUReport", gpu), ("NodeCheck", check),
            ("Health", Health(state: .ok, version: "0.1.0")), ("AttemptReport", attempt),
        ] + EventSamples.all() + RevisionSamples.all(description)
    }
}
