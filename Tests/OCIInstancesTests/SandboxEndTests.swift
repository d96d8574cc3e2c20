import Foundation
import Functions
import Instances
import OCIInstances
import RuntimeProtocol
import Testing

/// A handler whose input says how its process is to end.
private let mortal = """
    import os, time
    kept = []
    def handle(event, context):
        what = event.text
        if what == "exit": os._exit(3)
        if what == "fill":
            while True: kept.append(b"x" * (1 << 20))
        if what == "stay":
            yield "begun"
            while True: time.sleep(0.01)
        yield what
    """

extension SandboxTests.Ends {
    private func plan(_ host: SandboxHost) throws -> SandboxPlan {
        var manifest = Manifest(name: "mortal")
        manifest.limits.memoryMiB = 64
        return try host.plan(mortal, manifest: manifest)
    }

    @Test func `a closed sandbox leaves no process, control group or folder`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(host.plan(function: "echo"))
            let instance = try await sandbox.fork(1, device: .cpu)
            _ = try await sandbox.fork(2, device: .cpu)
            #expect(host.processes().count >= 3)
            #expect(!host.groups(named: "i1").isEmpty)

            await sandbox.close()

            host.expectNothingLeft()
            #expect(await sandbox.end() == .closed)
            #expect(await instance.end() == .stopped)
            await sandbox.close()
        }
    }

    @Test func `a stopped instance ends alone, and so does its control group`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host))
            let (first, second) = (
                try await sandbox.fork(1, device: .cpu), try await sandbox.fork(2, device: .cpu)
            )
            let (running, _) = first.begin("stay", on: host)
            try await running.beginning()

            first.stop()

            #expect(await first.end() == .stopped)
            guard case .instanceDied(.stopped) = try await running.answer().end else {
                Issue.record("the invocation did not end with its instance")
                return
            }
            #expect(host.groups(named: "i1").isEmpty)
            #expect(try await second.answer("on", on: host).text == "on")
            await sandbox.close()
        }
    }

    @Test func `an instance that has ended is forgotten`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host))
            var instance: (any Instance)? = try await sandbox.fork(1, device: .cpu)
            weak let forgotten = instance
            _ = try await instance?.answer("x", on: host)
            instance?.stop()
            _ = await instance?.end()

            instance = nil

            #expect(await eventually { forgotten == nil })
            await sandbox.close()
        }
    }

    @Test func `an invocation on an instance that has ended ends too`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host))
            let instance = try await sandbox.fork(1, device: .cpu)
            instance.stop()

            let early = try await instance.answer("x", on: host)
            _ = await instance.end()
            let late = try await instance.answer("x", on: host)

            for answer in [early, late] {
                guard case .instanceDied(.stopped) = answer.end else {
                    Issue.record("\(answer.end)")
                    continue
                }
                #expect(answer.endCount == 1)
            }
            await sandbox.close()
        }
    }

    @Test func `an instance that exits says with which status`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host))
            let instance = try await sandbox.fork(1, device: .cpu)

            guard case .instanceDied(.exited(3)) = try await instance.answer("exit", on: host).end
            else {
                Issue.record("an exit is told as something else")
                return
            }
            #expect(await instance.end() == .exited(3))
            await sandbox.close()
        }
    }

    @Test func `an instance that is killed says by which signal`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host))
            let instance = try await sandbox.fork(1, device: .cpu)
            let (running, _) = instance.begin("stay", on: host)
            try await running.beginning()

            for pid in host.processes(in: "i1") { kill(pid, SIGTERM) }

            guard case .instanceDied(.signalled(15)) = try await running.answer().end else {
                Issue.record("a signal is told as something else")
                return
            }
            #expect(await instance.end() == .signalled(15))
            await sandbox.close()
        }
    }

    @Test func `an instance over its memory dies alone, and it is said why`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host))
            let (first, second) = (
                try await sandbox.fork(1, device: .cpu), try await sandbox.fork(2, device: .cpu)
            )

            guard case .instanceDied(.outOfMemory) = try await first.answer("fill", on: host).end
            else {
                Issue.record("out of memory is told as something else")
                return
            }

            #expect(await first.end() == .outOfMemory)
            #expect(try await second.answer("on", on: host).text == "on")
            let third = try await sandbox.fork(3, device: .cpu)
            #expect(try await third.answer("on", on: host).text == "on")
            await sandbox.close()
            host.expectNothingLeft()
        }
    }

    @Test func `with its zygote a sandbox ends, and all its instances`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host))
            let instance = try await sandbox.fork(1, device: .cpu)
            let (running, _) = instance.begin("stay", on: host)
            try await running.beginning()

            for pid in host.processes(in: "zygote") { kill(pid, SIGKILL) }

            guard case .died = await sandbox.end() else {
                Issue.record("a dead zygote is told as a closed one")
                return
            }
            guard case .instanceDied = try await running.answer().end else {
                Issue.record("the invocation did not end with its sandbox")
                return
            }
            _ = await instance.end()
            host.expectNothingLeft()
            let error = await #expect(throws: InstanceError.self) {
                try await sandbox.fork(2, device: .cpu)
            }
            #expect(error?.code == .closed)
        }
    }

    @Test(arguments: 0..<4)
    func `with its zygote gone an instance says so, and no fork is the instance's fault`(
        round: Int
    ) async throws {
        try await withSandboxHost(reserveDelayMillis: round * 20) { host in
            let sandbox = try await host.driver.open(plan(host))
            let instance = try await sandbox.fork(1, device: .cpu)
            let (running, _) = instance.begin("stay", on: host)
            try await running.beginning()

            for pid in host.processes(in: "zygote") {
                kill(pid, SIGKILL)
                #expect(await eventually { !SandboxHost.isRunning(pid) })
            }

            let error = await #expect(throws: InstanceError.self) {
                try await sandbox.fork(2, device: .cpu)
            }
            #expect(error?.code == .closed)
            guard case .instanceDied(.sandboxEnded) = try await running.answer().end else {
                Issue.record("the end of the sandbox is told as something else")
                return
            }
            #expect(await instance.end() == .sandboxEnded)
            #expect(await sandbox.end() == .died("signal 9 ended it"))
            host.expectNothingLeft()
        }
    }

    @Test func `an attach that is given up ends its instance and no other`() async throws {
        try await withSandboxHost { host in
            let handler = """
                import time
                def attach(model, device):
                    while device == "cuda": time.sleep(0.01)
                    return model
                def load(): return 1
                def predict(model, x: int): return model + x
                """
            let sandbox = try await host.driver.open(host.plan(handler))
            let start = Task { try await sandbox.fork(1, device: .cuda) }
            #expect(await eventually { !host.processes(in: "i1").isEmpty })

            start.cancel()

            let error = await #expect(throws: InstanceError.self) { try await start.value }
            #expect(error?.code == .closed)
            #expect(await eventually { host.processes(in: "i1").isEmpty })
            let other = try await sandbox.fork(2, device: .cpu)
            #expect(try await other.answer(#"{"x": 1}"#, on: host).text == "2")
            await sandbox.close()
            host.expectNothingLeft()
        }
    }

    @Test func `a gateway that begins anew removes what an earlier one left`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host))
            _ = try await sandbox.fork(1, device: .cpu)
            let left = host.processes()
            #expect(left.count >= 2)

            let driver = try host.anotherDriver()
            try await driver.reclaim()

            host.expectNothingLeft()
            #expect(host.groups.isEmpty)
            #expect(!left.contains(where: SandboxHost.isRunning))
            guard case .died = await sandbox.end() else {
                Issue.record("the earlier gateway's sandbox lives on")
                return
            }
            let next = try await driver.open(host.plan(function: "echo"))
            let instance = try await next.fork(1, device: .cpu)
            #expect(try await instance.answer("1", on: host).text == "1")
            await next.close()
        }
    }

    @Test(arguments: 0..<8)
    func `a sandbox that is closed while it forks leaves nothing`(seed: Int) async throws {
        try await withSandboxHost(reserveDelayMillis: 0) { host in
            let sandbox = try await host.driver.open(host.plan(function: "echo"))
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for number in 1...6 {
                    group.addTask {
                        (try? await sandbox.fork(UInt32(number), device: .cpu)) != nil
                    }
                }
                // The seed decides after how many forks it is closed.
                var outcomes: [Bool] = []
                for await outcome in group.prefix(seed % 7) { outcomes.append(outcome) }
                await sandbox.close()
                for await outcome in group { outcomes.append(outcome) }
                return outcomes
            }

            #expect(outcomes.count == 6)
            #expect(await eventually { host.processes().isEmpty })
            host.expectNothingLeft()
        }
    }
}
