import Functions
import Packaging
import Testing

@Suite struct ManifestReaderTests {
    @Test func `a name alone gives every default`() throws {
        #expect(try ManifestReader.read("name: echo\n") == Manifest(name: "echo"))
    }

    @Test func `every key of the format is read`() throws {
        let text = """
            name: diabetes
            runtime: python3
            image: host
            limits:
              { memory: 1.5Gi, cpu: 500m, gpu: { memory: 4Gi }, processes: 32, payload: 512Ki }
            timeout: { total: 2m, firstByte: 20s, idle: 1500ms }
            scale: { min: 1, max: 3, concurrency: 2, keepAlive: 1h, queue: 10 }
            batch: { size: 8, wait: 7ms }
            env:
              MODEL: small
              PORT: 8080
              DEBUG: true
            secrets: [token, other.key]
            network: egress
            isolation: instance
            triggers:
              - http
              - http: { path: /diabetes }
            """

        let manifest = try ManifestReader.read(text)

        #expect(manifest.limits.memoryMiB == 1536)
        #expect(manifest.limits.cpuMillis == 500)
        #expect(manifest.limits.gpuMemoryMiB == 4096)
        #expect(manifest.limits.processes == 32)
        #expect(manifest.limits.payloadBytes == 512 << 10)
        #expect(manifest.timeout.totalMillis == 120_000)
        #expect(manifest.timeout.firstByteMillis == 20_000)
        #expect(manifest.timeout.idleMillis == 1500)
        #expect(manifest.scale.min == 1)
        #expect(manifest.scale.max == 3)
        #expect(manifest.scale.concurrency == 2)
        #expect(manifest.scale.keepAliveMillis == 3_600_000)
        #expect(manifest.scale.queue == 10)
        #expect(manifest.batch?.size == 8)
        #expect(manifest.batch?.waitMillis == 7)
        #expect(manifest.env == ["MODEL": "small", "PORT": "8080", "DEBUG": "true"])
        #expect(manifest.secrets == ["token", "other.key"])
        #expect(manifest.network == .egress)
        #expect(manifest.isolation == .instance)
    }

    @Test func `first byte defaults to total, and idle never exceeds it`() throws {
        let long = try ManifestReader.read("name: a\ntimeout: { total: 90s }")
        let short = try ManifestReader.read("name: a\ntimeout: { total: 2s }")

        #expect(long.timeout.firstByteMillis == 90_000)
        #expect(long.timeout.idleMillis == 10_000)
        #expect(short.timeout.firstByteMillis == 2000)
        #expect(short.timeout.idleMillis == 2000)
    }

    @Test func `an empty batch section asks for batches with the defaults`() throws {
        #expect(try ManifestReader.read("name: a").batch == nil)
        #expect(try ManifestReader.read("name: a\nbatch: {}").batch == Manifest.Batch())
    }

    @Test func `the template for a new function is a sound manifest with the defaults`() throws {
        let name = try #require(FunctionName("fresh"))

        let manifest = try ManifestReader.read(ManifestTemplate.text(name: name))

        #expect(manifest == Manifest(name: "fresh"))
    }

    @Test func `all faults of a file are reported together in the order of their places`() throws {
        let text = """
            nmae: echo
            limits: { memory: 0Mi, cpu: fast }
            limits: { memory: 1Gi }
            scale: { min: 4, max: 2, max: 3 }
            netwrok: none
            """

        let faults = faults(of: text)

        #expect(
            faults.map { "\($0.line):\($0.column)" }
                == ["1:1", "1:1", "2:19", "2:29", "3:1", "4:15", "4:26", "5:1"]
        )
        #expect(faults.contains { $0.nearest == "network" && $0.line == 5 })
        #expect(
            faults.contains { $0.problem == "the key 'limits' is given twice, first on line 2" }
        )
        #expect(faults.contains { $0.problem == "the key 'max' is given twice, first on line 4" })
    }

    @Test func `a fault reads as file, line, column, problem, nearest word and what is allowed`() {
        let error = #expect(throws: PackagingError.self) {
            try ManifestReader.read("name: a\nlimits:\n  memroy: 1Gi\n", file: "f/function.yaml")
        }

        #expect(error?.code == .manifestInvalid)
        #expect(error?.message == "f/function.yaml has a fault")
        #expect(
            error?.faults.first?.description
                == "f/function.yaml:3:3: unknown key 'memroy' in limits; did you mean 'memory'? "
                + "allowed: memory, cpu, gpu, processes, payload"
        )
    }

    @Test func `a manifest that is not text is a fault`() {
        #expect(throws: PackagingError.self) { try ManifestReader.read([0x6E, 0xFF, 0xFE]) }
    }
}

func faults(of text: String) -> [FileFault] {
    do {
        _ = try ManifestReader.read(text)
        return []
    } catch {
        return error.faults
    }
}
