import Functions
import Pooling
import Testing

struct KeepAliveTests {
    let limits = PoolLimits(max: 4, keepAliveNanos: 10 * second)

    @Test func `an idle instance is stopped once its keep-alive has passed`() {
        var pool = PoolState.idle(1, limits)
        #expect(pool.nextDeadline() == 11 * second)

        #expect(pool.tick(now: 11 * second - 1) == [])
        #expect(pool.tick(now: 11 * second) == [.stop(1)])
        #expect(pool.nextDeadline() == nil)
    }

    @Test func `the idle clock starts when an instance is ready and not before`() {
        var pool = PoolState.open(limits)
        _ = pool.prewarm(1, now: 0)
        #expect(pool.nextDeadline() == nil)

        _ = pool.instanceReady(1, now: 30 * second)

        #expect(pool.tick(now: 30 * second) == [])
        #expect(pool.nextDeadline() == 40 * second)
    }

    @Test func `the idle clock starts again with each release`() {
        var pool = PoolState.idle(1, limits)
        _ = pool.request(1, now: 5 * second)
        #expect(pool.nextDeadline() == nil)

        _ = pool.release(1, now: 60 * second)

        #expect(pool.nextDeadline() == 70 * second)
    }

    @Test func `the longest idle stop first and min are kept`() {
        var pool = PoolState.idle(3, PoolLimits(min: 1, max: 4, keepAliveNanos: 10 * second))

        #expect(pool.tick(now: 100 * second) == [.stop(1), .stop(2)])
        #expect(pool.nextDeadline() == nil)
        #expect(pool.snapshot.idle == 1)
    }

    @Test func `only those past their keep-alive stop`() {
        var pool = PoolState.idle(3, limits)

        #expect(pool.tick(now: 12 * second) == [.stop(1), .stop(2)])
        #expect(pool.nextDeadline() == 13 * second)
    }

    @Test func `a busy instance outlives every keep-alive`() {
        var pool = PoolState.idle(1, limits)
        _ = pool.request(1, now: 2 * second)

        #expect(pool.tick(now: 1_000 * second) == [])
    }

    @Test func `eviction takes the longest idle and stops at min`() {
        var pool = PoolState.idle(3, PoolLimits(min: 1, max: 4))
        #expect(pool.evictableIdleSince == [1 * second, 2 * second])

        #expect(pool.evictIdle() == 1)
        #expect(pool.evictIdle() == 2)
        #expect(pool.evictIdle() == nil)
        #expect(pool.evictableIdleSince == [])
    }

    @Test func `min instances start when the pool is activated`() {
        var pool = PoolState(limits: PoolLimits(min: 2))

        #expect(pool.activate(now: 0) == [.openZygote])
        #expect(pool.zygoteReady(now: 1) == [.start(1, .cold), .start(2, .cold)])
        #expect(pool.instanceReady(1, now: 2) == [])
        #expect(pool.instanceReady(2, now: 2) == [])
    }

    @Test func `an instance that dies below min is replaced`() {
        var pool = PoolState.idle(2, PoolLimits(min: 2))
        _ = pool.request(1, now: 3 * second)
        _ = pool.release(2, now: 3 * second)

        #expect(pool.instanceEnded(2, now: 4 * second) == [.start(3, .fork)])
    }

    @Test func `prewarm starts up to a number within max and counts what is there`() {
        var pool = PoolState.idle(1, PoolLimits(max: 3))

        #expect(pool.prewarm(2, now: 0) == [.start(2, .fork)])
        #expect(pool.prewarm(2, now: 0) == [])
        #expect(pool.prewarm(99, now: 0) == [.start(3, .fork)])
    }

    @Test func `prewarm without a zygote opens it and then starts`() {
        var pool = PoolState(limits: PoolLimits(max: 3))

        #expect(pool.prewarm(1, now: 0) == [.openZygote])
        #expect(pool.prewarm(2, now: 0) == [])
        #expect(pool.zygoteReady(now: 0) == [.start(1, .cold), .start(2, .cold)])
    }

    @Test func `prewarm of none opens the zygote alone`() {
        var pool = PoolState(limits: PoolLimits())

        #expect(pool.prewarm(0, now: 0) == [.openZygote])
        #expect(pool.zygoteReady(now: 0) == [])
        #expect(pool.snapshot.zygote == .ready)
    }
}
