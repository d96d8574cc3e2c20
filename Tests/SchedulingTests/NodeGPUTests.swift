import Instances
import Pooling
import Scheduling
import TestSupport
import Testing

/// The reservation of an instance and the container that is made for it.
struct GPUPlacementTests {
    @Test func `an instance that is not forked reserves its memory once`() async throws {
        let node = try await GPUNode("no-mig cards=1")
        let pool = try node.makePool("a", gpuMiB: 48_000)

        _ = try await pool.lease()

        #expect(node.gpus.reservedMiB(on: StandInName.large) == 48_000)
        #expect(node.driver.visible(to: "a") == [StandInName.large])
    }

    @Test(arguments: [true, false])
    func `the only slice that is large enough serves`(forks: Bool) async throws {
        let node = try await GPUNode("cards=1")
        let pool = try node.makePool("a", gpuMiB: 20_000, forks: forks)

        _ = try await pool.lease()

        #expect(node.gpus.reservedMiB(on: StandInName.largeSlice) == 20_000)
        #expect(node.driver.visible(to: "a") == [StandInName.largeSlice])
    }

    @Test func `a container sees the card that its instance has memory of`() async throws {
        let node = try await GPUNode("no-mig")
        let wishes = [20_000, 20_000, 3_000, 30_000, 2_000, 10_000]
        var expected: [String: Int] = [:]

        for (number, wish) in wishes.enumerated() {
            _ = try await node.makePool("f\(number)", gpuMiB: wish).lease()

            let visible = try #require(node.driver.visible(to: "f\(number)").first)
            expected[visible, default: 0] += wish
            #expect(
                node.gpus.reservedMiB(on: StandInName.large)
                    == expected[StandInName.large, default: 0]
            )
            #expect(
                node.gpus.reservedMiB(on: StandInName.small)
                    == expected[StandInName.small, default: 0]
            )
        }
        #expect(expected.count == 2)
    }

    @Test func `all that are forked from a zygote are on the card that it sees`() async throws {
        let node = try await GPUNode("no-mig")
        let pool = try node.makePool("a", gpuMiB: 9_000, forks: true)

        _ = try await pool.lease()
        _ = try await pool.lease()

        #expect(node.driver.visible(to: "a") == [StandInName.small])
        #expect(node.gpus.reservedMiB(on: StandInName.small) == 18_000)
    }

    @Test func `memory is given back when the sandbox does not open`() async throws {
        let node = try await GPUNode("no-mig cards=1")
        node.driver.refuseToOpen(InstanceError(.host, "no more namespaces"))
        let pool = try node.makePool("a", gpuMiB: 48_000)

        let rejected = await #expect(throws: Rejected.self) { try await pool.lease() }

        #expect(rejected?.message == "no more namespaces")
        #expect(node.reservedMiB == 0)
        node.driver.refuseToOpen(nil)
        _ = try await node.makePool("b", gpuMiB: 48_000).lease()
    }

    @Test(arguments: [true, false])
    func `what no device could ever hold is refused at once`(forks: Bool) async throws {
        let node = try await GPUNode("no-mig cards=1", reserveMillisMax: .max / 1_000_000)
        let pool = try node.makePool("a", gpuMiB: 90_000, forks: forks)

        let rejected = await #expect(throws: Rejected.self) { try await pool.lease() }

        let largest = "it needs 90000 MiB of GPU memory: the largest device has 79770 MiB"
        #expect(rejected?.message == largest)
    }
}

/// Who stops when a card is full, and who does not.
struct GPUEvictionTests {
    @Test(arguments: [true, false])
    func `an idle instance of another function gives way`(forks: Bool) async throws {
        let node = try await GPUNode("no-mig cards=1")
        let idle = try await node.makePool("a", gpuMiB: 48_000, forks: forks).use()

        _ = try await node.makePool("b", gpuMiB: 48_000, forks: forks).lease()

        #expect(idle.isStopped)
        #expect(node.reservedMiB == 48_000)
    }

    @Test func `the one that has been idle longest goes, and no other`() async throws {
        let node = try await GPUNode("no-mig cards=1")
        let (one, other) = (
            try node.makePool("a", gpuMiB: 30_000), try node.makePool("b", gpuMiB: 30_000)
        )
        let first = try await one.use()
        let longest = try await other.use()
        _ = try await one.use()
        node.driver.linger()

        _ = try await node.makePool("c", gpuMiB: 30_000).lease()

        #expect(longest.isStopped)
        #expect(!first.isStopped)
    }

    @Test(arguments: [true, false])
    func `a start waits until what was stopped has ended`(forks: Bool) async throws {
        let node = try await GPUNode("no-mig cards=1")
        node.driver.linger()
        let first = try await node.makePool("a", gpuMiB: 30_000, forks: forks).use()
        let second = try await node.makePool("b", gpuMiB: 30_000, forks: forks).use()
        let pool = try node.makePool("c", gpuMiB: 30_000, forks: forks)

        async let lease = pool.lease()
        await first.stops()
        #expect(node.reservedMiB == 60_000)
        #expect(pool.snapshot.starting == 1)
        first.end()

        _ = try await lease
        #expect(!second.isStopped)
        #expect(node.reservedMiB == 60_000)
    }

    @Test(arguments: [true, false])
    func `a redeploy's trial gets the card of the revision before it`(forks: Bool) async throws {
        let node = try await GPUNode("cards=1")
        let before = try node.makePool("a", gpuMiB: 20_000, forks: forks)
        let idle = try await before.use()
        let trial = try node.makePool("a", gpuMiB: 20_000, forks: forks, revision: 2)

        _ = try await trial.lease()

        #expect(idle.isStopped)
        #expect(
            node.driver.visible(to: "a") == [StandInName.largeSlice, StandInName.largeSlice]
        )
    }

    @Test(arguments: [true, false])
    func `a busy instance stays and the start is refused with what is free`(
        forks: Bool
    ) async throws {
        let node = try await GPUNode("no-mig cards=1", reserveMillisMax: 0)
        let busy = try await node.makePool("a", gpuMiB: 48_000, forks: forks).lease()
        let pool = try node.makePool("b", gpuMiB: 48_000, forks: forks)

        let rejected = await #expect(throws: Rejected.self) { try await pool.lease() }

        let full = "31770 MiB are free on one device; the rest is promised"
        #expect(rejected?.message == "it needs 48000 MiB of GPU memory: \(full)")
        #expect((busy.instance as? ScriptedInstance)?.isStopped == false)
        #expect(node.reservedMiB == 48_000)
    }

    @Test func `a busy instance gives way once it is idle`() async throws {
        let node = try await GPUNode("no-mig cards=1")
        let pool = try node.makePool("a", gpuMiB: 48_000)
        let busy = try await pool.lease()

        async let lease = node.makePool("b", gpuMiB: 48_000).lease()
        pool.release(busy)

        _ = try await lease
        #expect((busy.instance as? ScriptedInstance)?.isStopped == true)
    }

    @Test func `instances that min keeps stay`() async throws {
        let node = try await GPUNode("no-mig cards=1", reserveMillisMax: 0)
        let kept = try await node.makePool("a", gpuMiB: 48_000, min: 1).use()

        await #expect(throws: Rejected.self) {
            try await node.makePool("b", gpuMiB: 48_000).lease()
        }

        #expect(!kept.isStopped)
    }

    @Test func `only instances on the card that is short are stopped`() async throws {
        let node = try await GPUNode("no-mig")
        let elsewhere = try await node.makePool("a", gpuMiB: 20_000).use()
        let there = try await node.makePool("b", gpuMiB: 50_000).use()
        #expect(node.driver.visible(to: "a") == [StandInName.small])

        _ = try await node.makePool("c", gpuMiB: 50_000).lease()

        #expect(there.isStopped)
        #expect(!elsewhere.isStopped)
    }

    @Test func `of one function the instance on the card that is short is stopped`() async throws {
        let node = try await GPUNode("no-mig")
        let pool = try node.makePool("a", gpuMiB: 20_000)
        let leases = [try await pool.lease(), try await pool.lease()]
        #expect(node.driver.visible(to: "a") == [StandInName.small, StandInName.large])
        for lease in leases { pool.release(lease) }

        _ = try await node.makePool("b", gpuMiB: 70_000).lease()

        let stopped = leases.map { ($0.instance as? ScriptedInstance)?.isStopped }
        #expect(stopped == [false, true])
    }
}
