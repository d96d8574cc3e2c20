import Functions
import GatewayAPI
import GatewayServer
import Glibc
import Storage
import Testing

struct MetricsTextTests {
    @Test func `a family has its help and type before its samples`() {
        var text = PrometheusText()
        text.begin("faas_things_total", .counter, "Things.")
        text.sample(["kind": "a", "size": "b"], 3)
        text.sample([:], 0.5)

        #expect(
            String(decoding: text.bytes, as: UTF8.self) == """
                # HELP faas_things_total Things.
                # TYPE faas_things_total counter
                faas_things_total{kind="a",size="b"} 3
                faas_things_total 0.5

                """
        )
    }

    @Test func `labels are escaped`() {
        var text = PrometheusText()
        text.begin("faas_x", .gauge, "X.")
        text.sample(["a": "back\\slash \"quoted\"\nline"], 1)

        #expect(
            String(decoding: text.bytes, as: UTF8.self)
                .contains(#"faas_x{a="back\\slash \"quoted\"\nline"} 1"#)
        )
    }

    @Test func `buckets of a histogram add up`() {
        var text = PrometheusText()
        text.begin("faas_x_seconds", .histogram, "X.")
        text.histogram(["p": "run"], bounds: [0.00005, 1], counts: [2, 3, 1], sum: 4.25)

        let lines = String(decoding: text.bytes, as: UTF8.self).split(separator: "\n").dropFirst(2)
        #expect(
            Array(lines) == [
                #"faas_x_seconds_bucket{p="run",le="5e-05"} 2"#,
                #"faas_x_seconds_bucket{p="run",le="1"} 5"#,
                #"faas_x_seconds_bucket{p="run",le="+Inf"} 6"#,
                #"faas_x_seconds_sum{p="run"} 4.25"#,
                #"faas_x_seconds_count{p="run"} 6"#,
            ]
        )
    }

    @Test(arguments: [
        (0.0, "0"), (-3, "-3"), (1e15, "1000000000000000"), (0.1, "0.1"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
    func `numbers are written as Prometheus reads them`(value: Double, text: String) {
        var written = PrometheusText()
        written.begin("faas_x", .gauge, "X.")
        written.sample([:], value)
        #expect(String(decoding: written.bytes, as: UTF8.self).hasSuffix("\nfaas_x \(text)\n"))
    }

    @Test func `commits are counted by their time and rows`() {
        let ledger = LedgerMetrics()
        ledger.record(rows: 10, refused: 0, nanos: 40_000, place: .caller, hasFailed: false)
        ledger.record(rows: 300, refused: 2, nanos: 3_000_000, place: .thread, hasFailed: false)
        ledger.record(rows: 0, refused: 0, nanos: 9_000_000, place: .thread, hasFailed: true)
        var metrics = MetricsText(version: "1.2.3")
        metrics.ledger = ledger

        let text = String(decoding: metrics.render(), as: UTF8.self)

        for line in [
            #"faas_ledger_commit_seconds_bucket{place="caller",le="2.5e-05"} 0"#,
            #"faas_ledger_commit_seconds_bucket{place="caller",le="5e-05"} 1"#,
            #"faas_ledger_commit_seconds_sum{place="thread"} 0.003"#,
            #"faas_ledger_commit_rows_bucket{le="8"} 0"#,
            #"faas_ledger_commit_rows_bucket{le="16"} 1"#,
            "faas_ledger_commit_rows_sum 310", "faas_ledger_commit_rows_count 2",
            "faas_ledger_rows_total 310", "faas_ledger_rows_refused_total 2",
            "faas_ledger_commit_failures_total 1", #"faas_build_info{version="1.2.3"} 1"#,
        ] { #expect(text.contains("\n\(line)\n")) }
    }

    @Test func `every family is begun once and every name is ours`() {
        let text = String(decoding: MetricsTextTests.full.render(), as: UTF8.self)
        // For a look with another reader: `FAAS_METRICS_OUT=FILE swift test`.
        if let path = getenv("FAAS_METRICS_OUT"), let file = fopen(path, "w") {
            fputs(text, file)
            fclose(file)
        }
        let types = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
        #expect(Set(types).count == types.count)
        #expect(types.count >= 20)
        for line in text.split(separator: "\n") {
            #expect(line.hasPrefix("faas_") || line.hasPrefix("# "))
        }
        for type in types where type.hasSuffix(" counter") {
            #expect(type.hasSuffix("_total counter"))
        }
    }

    @Test func `a function that was never invoked takes no lines`() {
        var metrics = MetricsText(version: "1")
        metrics.functions = (0..<1_000).map { FunctionSample("f\($0)", RouteMetrics()) }
        #expect(!String(decoding: metrics.render(), as: UTF8.self).contains("function=\""))
    }

    @Test func `this process is found in proc`() throws {
        let usage = try #require(ProcessUsage.read())
        #expect(usage.residentBytes > 1 << 20)
        #expect(usage.cpuSeconds > 0)
        #expect(usage.openFileCount > 2)
        let most = try #require(usage.openFileCountMax)
        #expect(most >= usage.openFileCount)
        let now = Double(Clock.wallMicros()) / 1e6
        #expect((now - 3_600...now + 2).contains(usage.startedAtSeconds))
    }

    /// One of everything.
    static var full: MetricsText {
        var metrics = MetricsText(version: "0.1.0")
        var function = FunctionSample(function: "echo")
        function.ended = [
            .init(outcome: .completed, startKind: .warm, count: 90),
            .init(outcome: .failed, startKind: .cold, count: 2),
        ]
        function.rejected = [("queueFull", 3)]
        var counts = [UInt64](repeating: 0, count: RouteMetrics.bucketMicros.count + 1)
        counts[1] = 90
        counts[counts.count - 1] = 2
        function.phases = [.init(name: "run", counts: counts, sumMicros: 12_345_678)]
        metrics.functions = [function]
        metrics.pools = [
            PoolSample(
                function: "echo",
                revision: 3,
                instances: [("idle", 2), ("busy", 1)],
                leases: 1,
                waiting: 4,
                zygote: "ready"
            )
        ]
        metrics.memoryHeldMiB = 512
        metrics.memoryBudgetMiB = 4_096
        metrics.gpus = [
            GPUReport(uuid: "GPU-1", name: "NVIDIA H100", memoryMiB: 81_559, reservedMiB: 4_096)
        ]
        metrics.process = ProcessUsage.read()
        metrics.ledger = LedgerMetrics()
        metrics.ledger?.record(
            rows: 5,
            refused: 0,
            nanos: 70_000,
            place: .caller,
            hasFailed: false
        )
        return metrics
    }
}
