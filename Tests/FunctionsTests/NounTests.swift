import Functions
import Testing

@Suite struct NounTests {
    @Test func `a trigger's text is the ledger's`() {
        #expect(Trigger.http.description == "http")
        #expect(Trigger.async.description == "async")
        #expect(Trigger.queue("orders").description == "queue:orders")
        #expect(Trigger.schedule("nightly").description == "schedule:nightly")
        #expect(Trigger.probe.description == "probe")
    }

    @Test func `the words of outcomes and start kinds are those of the contract`() {
        #expect(
            Outcome.allCases.map(\.rawValue)
                == ["completed", "failed", "timedOut", "cancelled", "rejected"]
        )
        #expect(StartKind.allCases.map(\.rawValue) == ["warm", "fork", "resume", "cold"])
    }

    @Test func `a revision is named after its function and number`() throws {
        let revision = Revision(
            function: try #require(FunctionName("echo")),
            number: 12,
            digest: String(repeating: "0", count: 64),
            manifest: Manifest(name: "echo"),
            account: .local,
            deployedAtMicros: 0
        )

        #expect(revision.id == "echo-12")
    }

    @Test func `a manifest that says nothing has the documented defaults`() {
        let manifest = Manifest(name: "echo")

        #expect(manifest.runtime == .python3)
        #expect(manifest.image == "host")
        #expect(manifest.network == .none)
        #expect(manifest.isolation == .zygote)
        #expect(manifest.limits.memoryMiB == 256)
        #expect(manifest.limits.cpuMillis == 1000)
        #expect(manifest.limits.gpuMemoryMiB == 0)
        #expect(manifest.limits.processes == 64)
        #expect(manifest.limits.payloadBytes == 6 << 20)
        #expect(manifest.timeout.totalMillis == 30_000)
        #expect(manifest.timeout.idleMillis == 10_000)
        #expect(manifest.scale.max == 8)
        #expect(manifest.scale.keepAliveMillis == 60_000)
        #expect(manifest.scale.queue == 256)
        #expect(manifest.batch == nil)
    }
}
