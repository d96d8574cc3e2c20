import Functions
import Pooling
import Testing

/// Stopping the one instance whose memory another pool needs.
struct EvictingTests {
    @Test func `an idle instance can be stopped though another has been idle longer`() {
        var pool = PoolState.idle(2)

        #expect(pool.evict(2) == true)

        #expect(pool.snapshot.stopping == 1)
        #expect(pool.activity.idle.map(\.id) == [1])
        #expect(pool.evict(2) == false)
    }

    @Test func `an instance with a lease stays`() {
        var pool = PoolState.idle(1)
        #expect(pool.request(1, now: 2 * second) == .lease(1, .warm))

        #expect(pool.evict(1) == false)

        #expect(pool.activity == PoolActivity(inUse: [1]))
    }

    @Test func `what min keeps is idle but not spare`() {
        var pool = PoolState.idle(3, PoolLimits(min: 2))

        #expect(pool.activity.idle.map(\.id) == [1, 2, 3])
        #expect(pool.activity.spareCount == 1)
        #expect(pool.evict(3) == true)
        #expect(pool.activity.spareCount == 0)
        #expect(pool.evict(1) == false)
    }

    @Test func `an instance that is starting is in use, and one that stops is neither`() {
        var pool = PoolState.idle(1)
        #expect(pool.evict(1) == true)
        _ = pool.request(1, now: 2 * second)

        #expect(pool.activity == PoolActivity(inUse: [2]))
    }
}
