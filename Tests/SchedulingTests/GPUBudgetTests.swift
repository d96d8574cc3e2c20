import Devices
import Pooling
import Scheduling
import TestSupport
import Testing

/// Where zygotes are at home, and what depends on it.
struct GPUBudgetTests {
    private func makeBudget(_ steering: String) async throws -> GPUBudget {
        let library = try NVMLStandIn(steering).library
        return GPUBudget(await NVML.open(library: library).inventory())
    }

    private func placed(_ uuid: String) -> DeviceBudget<GPUBudget.Holder>.Decision {
        .placed(Placement(uuid: uuid))
    }

    @Test func `zygotes without instances leave each other room`() async throws {
        var budget = try await makeBudget("no-mig")

        #expect(budget.settle(1, memoryMiB: 20_000) { [:] } == placed(StandInName.small))
        #expect(budget.settle(2, memoryMiB: 20_000) { [:] } == placed(StandInName.large))
        budget.unsettle(1)
        #expect(budget.settle(3, memoryMiB: 20_000) { [:] } == placed(StandInName.small))
    }

    @Test func `zygotes are spread when not all could have an instance at once`() async throws {
        var budget = try await makeBudget("no-mig")
        for pool in [1, 2] as [PoolKey] { _ = budget.settle(pool, memoryMiB: 20_000) { [:] } }

        let homes = ([3, 4, 5, 6] as [PoolKey]).map { pool in
            budget.settle(pool, memoryMiB: 20_000) { [:] }
        }

        // The large card has room for three. Four would fill it to 100.3 %, so the small one, to
        // 84 % by now, is less crowded for the last.
        let large = placed(StandInName.large)
        #expect(homes == [large, large, large, placed(StandInName.small)])
        #expect(budget.devices.reservations.isEmpty)
    }

    @Test func `an instance that is not forked leaves zygotes their room`() async throws {
        var budget = try await makeBudget("no-mig")
        _ = budget.settle(1, memoryMiB: 20_000) { [:] }

        let holder = GPUBudget.Holder(pool: 2, instance: 1)
        let verdict = budget.reserve(memoryMiB: 20_000, for: holder, isForked: false) { [:] }

        #expect(verdict == .reserved(Placement(uuid: StandInName.large)))
    }

    @Test func `on full devices a zygote is at home where others have been idle longer`()
        async throws
    {
        var budget = try await makeBudget("no-mig")
        for (pool, memoryMiB) in [(1, 20_000), (2, 70_000)] as [(PoolKey, Int)] {
            let holder = GPUBudget.Holder(pool: pool, instance: 1)
            _ = budget.reserve(memoryMiB: memoryMiB, for: holder, isForked: false) { [:] }
        }
        func idle(_ small: UInt64, _ large: UInt64) -> [PoolKey: PoolActivity] {
            [
                1: PoolActivity(idle: [PoolActivity.Idle(id: 1, since: small)]),
                2: PoolActivity(idle: [PoolActivity.Idle(id: 1, since: large)]),
            ]
        }

        #expect(
            budget.settle(3, memoryMiB: 20_000) { idle(5, 9) } == placed(StandInName.small)
        )
        #expect(
            budget.settle(3, memoryMiB: 20_000) { idle(9, 5) } == placed(StandInName.large)
        )
    }

    @Test func `an instance of a zygote that is gone gets nothing`() async throws {
        var budget = try await makeBudget("no-mig")
        _ = budget.settle(1, memoryMiB: 1_000) { [:] }
        budget.unsettle(1)

        let holder = GPUBudget.Holder(pool: 1, instance: 1)

        #expect(
            budget.reserve(memoryMiB: 1_000, for: holder, isForked: true) { [:] } == .homeless
        )
    }

    @Test func `what others do is asked only when memory is short`() async throws {
        var budget = try await makeBudget("no-mig cards=1")
        var asked = 0
        for instance in [1, 2] as [InstanceID] {
            let holder = GPUBudget.Holder(pool: 1, instance: instance)
            _ = budget.reserve(memoryMiB: 48_000, for: holder, isForked: false) {
                asked += 1
                return [:]
            }
            #expect(asked == (instance == 1 ? 0 : 1))
        }
    }
}
