import Functions
import Instances
import OCIInstances
import RuntimeProtocol
import Testing

extension SandboxTests.Loads {
    private static let failing: [(LoadFailureCode, String)] = [
        (.moduleNotFound, "import nunpy\ndef predict(x: int): return x"),
        (.attributeNotFound, "nothing = 1"),
        (.importRaised, "raise RuntimeError('at once')"),
        (.importRaised, "def predict(:"),
        (
            .loadRaised,
            "def load(): raise OSError('no weights')\ndef predict(model, x: int): return x"
        ),
    ]

    @Test(arguments: failing)
    func `a handler that cannot be loaded leaves nothing`(
        code: LoadFailureCode,
        handler: String
    ) async throws {
        try await withSandboxHost { host in
            let error = await #expect(throws: InstanceError.self) {
                _ = try await host.driver.open(host.plan(handler))
            }

            #expect(error?.code == .load(code))
            #expect(error?.message.isEmpty == false)
            host.expectNothingLeft()
        }
    }

    @Test func `a handler that exits while it loads is told as such`() async throws {
        try await withSandboxHost { host in
            let error = await #expect(throws: InstanceError.self) {
                _ = try await host.driver.open(host.plan("import os\nos._exit(9)"))
            }

            guard case .load = error?.code else {
                Issue.record("\(String(describing: error))")
                return
            }
            host.expectNothingLeft()
        }
    }

    @Test(arguments: [
        ("import os\nos._exit(9)", "it exited with status 9"),
        ("import ctypes\nctypes.string_at(0)", "signal 11 ended it"),
    ])
    func `a process that ends while it loads is told with how it ended`(
        handler: String,
        end: String
    ) async throws {
        try await withSandboxHost { host in
            let error = await #expect(throws: InstanceError.self) {
                _ = try await host.driver.open(host.plan(handler))
            }

            #expect(error?.message == "the process ended while it loaded: \(end)")
            host.expectNothingLeft()
        }
    }

    @Test func `a handler that needs more memory than its limit is told as such`() async throws {
        try await withSandboxHost { host in
            var manifest = Manifest(name: "large")
            manifest.limits.memoryMiB = 64
            let handler = """
                kept = [b"x" * (1 << 20) for _ in range(500)]
                def predict(x: int): return x
                """
            let error = await #expect(throws: InstanceError.self) {
                _ = try await host.driver.open(host.plan(handler, manifest: manifest))
            }

            #expect(error?.code == .outOfMemory)
            host.expectNothingLeft()
        }
    }

    @Test func `a handler that does not come to an end is stopped in time`() async throws {
        try await withSandboxHost { host in
            let handler = "while True: pass"
            let error = await #expect(throws: InstanceError.self) {
                _ = try await host.driver.open(host.plan(handler, loadMillisMax: 700))
            }

            #expect(error?.code == .outOfTime)
            host.expectNothingLeft()
        }
    }

    @Test func `a bundle that is not there is the host's fault`() async throws {
        try await withSandboxHost { host in
            var plan = try host.plan(function: "echo")
            plan.bundle = "/nowhere/at/all"
            let error = await #expect(throws: InstanceError.self) {
                _ = try await host.driver.open(plan)
            }

            #expect(error?.code == .host)
            host.expectNothingLeft()
        }
    }

    @Test func `an attach that raises says so and the sandbox goes on`() async throws {
        try await withSandboxHost { host in
            let handler = """
                def load(): return 1
                def attach(model, device):
                    if device == "cuda": raise RuntimeError("no card")
                    return model
                def predict(model, x: int): return model + x
                """
            let sandbox = try await host.driver.open(host.plan(handler))

            let error = await #expect(throws: InstanceError.self) {
                _ = try await sandbox.fork(1, device: .cuda)
            }
            let instance = try await sandbox.fork(2, device: .cpu)

            #expect(error?.code == .attachRaised)
            #expect(error?.message.contains("no card") == true)
            #expect(try await instance.answer(#"{"x": 1}"#, on: host).text == "2")
            await sandbox.close()
            host.expectNothingLeft()
        }
    }

    @Test func `what requirements cannot be installed from is told, and nothing is left`()
        async throws
    {
        try await withSandboxHost { host in
            let builder = try await host.layerBuilder()
            let order = LayerOrder(
                digest: "none",
                lines: ["./no-such-folder-of-requirements"],
                flags: ["--no-index"]
            )

            let error = await #expect(throws: InstanceError.self) {
                try await builder.build(order) { _ in }
            }

            #expect(error?.message.contains("could not be installed") == true)
            #expect(!builder.exists("none"))
            await builder.close()
            host.expectNothingLeft()
        }
    }
}
