import Functions
import GatewayServer
import Storage
import Testing
import Triggers

@Suite(.timeLimit(.minutes(1))) struct QueueScheduleTests {
    private func schedule(
        _ cron: String,
        missed: ScheduleTrigger.Missed = .skip,
        name: String = "tick"
    ) -> Manifest.Triggers {
        var triggers = Manifest.Triggers()
        var trigger = ScheduleTrigger(name: name, cron: cron)
        trigger.missed = missed
        trigger.input = "{\"n\":1}"
        triggers.schedules = [trigger]
        return triggers
    }

    private func scheduledAt(_ invocation: Invocation) -> String? {
        String(decoding: invocation.headers, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("x-scheduled-at: ") }.map(String.init)
    }

    @Test func `each tick is one invocation, also over restarts`() async throws {
        var node = try QueueNode()
        var ticks: [String] = []
        for isRestored in [false, true, true] {
            try await node.bind("echo", schedule("@every 1s"), isRestored: isRestored)
            let invocation = try await node.invoker.next()
            #expect(invocation.trigger == .schedule("tick"))
            #expect(invocation.text == "{\"n\":1}")
            ticks.append(try #require(scheduledAt(invocation)))
            node.invoker.end(invocation, .done)
            try await node.end(invocation.id)
            node = try node.restarted()
        }
        #expect(Set(ticks).count == 3)
        #expect(ticks == ticks.sorted())
    }

    /// A node whose schedule last ticked a day ago, or as long ago as is said.
    private func nodeAfterOutage(
        _ triggers: Manifest.Triggers,
        ago micros: Int64 = 86_400_000_000
    ) async throws -> QueueNode {
        let node = try QueueNode()
        try await node.bind("echo", triggers)
        node.close()
        let connection = try node.engine.store.connect()
        try connection.setLastTick(
            Clock.wallMicros() - micros,
            of: "tick",
            function: "echo"
        )
        let next = try node.restarted()
        try await next.bind("echo", triggers, isRestored: true)
        return next
    }

    @Test func `ticks that were missed become one, where that is wanted`() async throws {
        let node = try await nodeAfterOutage(schedule("0 * * * *", missed: .once))
        let invocation = try await node.invoker.next()
        node.invoker.end(invocation, .done)
        try await node.settle()
        #expect(node.invoker.begun.count == 1)
        let last = try #require(try await node.engine.schedules().first).lastAt
        #expect(last > Clock.wallMicros() - 3_600_000_000)
    }

    @Test func `ticks that were missed are left out otherwise`() async throws {
        let node = try await nodeAfterOutage(schedule("0 0 1 1 *"))
        try await node.settle()
        #expect(node.invoker.begun.isEmpty)
        let status = try #require(try await node.engine.schedules().first)
        #expect(status.next.count == 5)
        #expect(status.next == status.next.sorted())
        #expect((status.next.first ?? 0) > Clock.wallMicros())
    }

    @Test func `a schedule that ticked while the clock was years ahead goes on from now`()
        async throws
    {
        let node = try await nodeAfterOutage(
            schedule("@every 1s"),
            ago: -10 * 365 * 86_400_000_000
        )
        #expect(try await node.invoker.next().trigger == .schedule("tick"))
    }

    @Test func `a clock that is set back by a little makes no tick twice`() async throws {
        let ahead: Int64 = 60_000_000
        let before = Clock.wallMicros()
        let node = try await nodeAfterOutage(schedule("@every 1s"), ago: -ahead)
        let status = try #require(try await node.engine.schedules().first)
        #expect(status.lastAt >= before + ahead)
        #expect((status.next.first ?? 0) > status.lastAt)
    }

    @Test func `a schedule that a new revision lacks ticks no more`() async throws {
        let node = try QueueNode()
        try await node.bind("echo", schedule("@every 1s"))
        try await node.bind("echo", schedule("@yearly", name: "other"))
        #expect(try await node.engine.schedules().map(\.trigger.name) == ["other"])
        try await node.engine.unbind(try #require(FunctionName("echo")))
        #expect(try await node.engine.schedules().isEmpty)
    }

    @Test func `a new deployment waits for the next tick`() async throws {
        let node = try QueueNode()
        try await node.bind("echo", schedule("0 * * * *", missed: .once))
        try await node.settle()
        #expect(node.invoker.begun.isEmpty)
    }
}
