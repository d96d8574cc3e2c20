import Foundation
import Functions
import Instances
import OCIInstances
import RuntimeProtocol
import Testing

/// Real containers; one after another, because the machine's processes are looked at.
@Suite(.serialized, .enabled(if: SandboxHost.isUsable, "needs root and runc"))
struct SandboxTests {
    @Suite struct Lives {}
    @Suite struct Ends {}
    @Suite struct Loads {}
    @Suite struct Builds {}
}

extension SandboxTests.Lives {
    @Test func `an instance forked from a sandbox answers`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(host.plan(function: "echo"))
            let instance = try await sandbox.fork(1, device: .cpu)

            let answer = try await instance.answer(#"{"a": [1, 2.5, "é"]}"#, on: host)

            #expect(answer.text == #"{"a":[1,2.5,"é"]}"#)
            #expect(answer.endCount == 1)
            #expect(instance.id == 1)
            await sandbox.close()
        }
    }

    @Test func `loading reports what it found`() async throws {
        try await withSandboxHost { host in
            let handler = """
                import threading
                print("loading")
                def load(): return 41
                def predict(model, amount: int) -> int:
                    return model + amount
                """
            let sandbox = try await host.driver.open(host.plan(handler))
            let instance = try await sandbox.fork(1, device: .cpu)

            #expect(sandbox.report.handlerKind == "predict")
            #expect(sandbox.report.schema.contains("amount"))
            #expect(sandbox.report.log.contains("loading"))
            #expect(!sandbox.report.hasAttach)
            #expect(await sandbox.memoryMiB() > 0)
            #expect(try await instance.answer(#"{"amount": 1}"#, on: host).text == "42")
            await sandbox.close()
        }
    }

    @Test func `an input of the wrong type fails and the instance goes on`() async throws {
        try await withSandboxHost { host in
            let handler = "def predict(amount: int) -> int: return amount"
            let sandbox = try await host.driver.open(host.plan(handler))
            let instance = try await sandbox.fork(1, device: .cpu)

            let refused = try await instance.answer(#"{"amount": "x"}"#, on: host)
            let answer = try await instance.answer(#"{"amount": 3}"#, on: host)

            guard case .failed(.inputInvalid, _, _) = refused.end else {
                Issue.record("\(refused.end)")
                return
            }
            #expect(answer.text == "3")
            await sandbox.close()
        }
    }

    @Test func `many invocations at once are each answered once`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(host.plan(function: "echo"))
            let instance = try await sandbox.fork(1, device: .cpu)

            let begun = (0..<500).map { instance.begin("\($0)", on: host).0 }
            for (index, collector) in begun.enumerated() {
                let answer = try await collector.answer()
                #expect(answer.text == "\(index)")
                #expect(answer.endCount == 1)
            }
            await sandbox.close()
        }
    }

    @Test func `what a handler prints and yields comes with its invocation`() async throws {
        try await withSandboxHost { host in
            let handler = """
                def handle(event, context):
                    print("hello", event.text)
                    yield "a"
                    yield "b"
                """
            let sandbox = try await host.driver.open(host.plan(handler))
            let instance = try await sandbox.fork(1, device: .cpu)

            let answer = try await instance.answer("log", on: host)

            #expect(answer.text == "ab")
            #expect(answer.log == "hello log\n")
            await sandbox.close()
        }
    }

    @Test func `a cancelled invocation gives way and its instance goes on`() async throws {
        try await withSandboxHost { host in
            let handler = """
                import time
                def handle(event, context):
                    yield "begun"
                    if event.text == "long":
                        while True: time.sleep(0.01)
                """
            let sandbox = try await host.driver.open(host.plan(handler))
            let instance = try await sandbox.fork(1, device: .cpu)

            let (collector, stream) = instance.begin("long", on: host)
            try await collector.beginning()
            instance.cancel(stream: stream, reason: .clientGone)
            let cancelled = try await collector.answer()

            guard case .failed(.cancelled, _, _) = cancelled.end else {
                Issue.record("\(cancelled.end)")
                return
            }
            #expect(try await instance.answer("short", on: host).text == "begun")
            // Of what has ended nothing can be cancelled.
            instance.cancel(stream: stream, reason: .clientGone)
            #expect(try await instance.answer("short", on: host).text == "begun")
            await sandbox.close()
        }
    }

    @Test func `a forked instance is kept in reserve and the next fork takes it`() async throws {
        try await withSandboxHost(reserveDelayMillis: 0) { host in
            let sandbox = try await host.driver.open(host.plan(function: "echo"))
            let first = try await sandbox.fork(1, device: .cpu)
            #expect(await eventually { host.processes(in: "i2").count == 1 })
            let reserved = try #require(host.processes(in: "i2").first)

            let second = try await sandbox.fork(2, device: .cpu)
            #expect(try await second.answer("1", on: host).text == "1")
            kill(reserved, SIGKILL)

            #expect(await second.end() == .signalled(Int(SIGKILL)))
            #expect(try await first.answer("2", on: host).text == "2")
            await sandbox.close()
            host.expectNothingLeft()
        }
    }

    @Test func `a sandbox that does not fork serves by itself`() async throws {
        try await withSandboxHost { host in
            var plan = try host.plan(function: "echo")
            plan.forks = false
            let sandbox = try await host.driver.open(plan)
            let instance = try await sandbox.fork(1, device: .cpu)

            #expect(try await instance.answer("[1]", on: host).text == "[1]")
            // The sandbox's first process, which tells how the instance ended, and the instance.
            #expect(host.processes().count == 2)
            await sandbox.close()
            host.expectNothingLeft()
        }
    }
}
