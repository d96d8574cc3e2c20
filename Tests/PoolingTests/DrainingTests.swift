import Functions
import Pooling
import Testing

struct DrainingTests {
    @Test func `a pool with nothing in it is drained at once`() {
        var pool = PoolState(limits: PoolLimits())

        #expect(pool.drain(now: 0) == [.drained])
        #expect(pool.drain(now: 0) == [])
        #expect(pool.request(1, now: 0) == .reject(.draining))
    }

    @Test func `a drain stops what is starting or idle and then closes the zygote`() {
        var pool = PoolState.idle(1, PoolLimits(min: 1))
        _ = pool.prewarm(2, now: 0)

        #expect(pool.drain(now: 0) == [.stop(2), .stop(1)])
        #expect(pool.instanceEnded(1, now: 0) == [])
        #expect(pool.instanceReady(2, now: 0) == [])
        #expect(pool.instanceEnded(2, now: 0) == [.closeZygote])
        #expect(pool.zygoteEnded(now: 0) == [.drained])
    }

    @Test func `a drain lets leases end and takes nothing new`() {
        var pool = PoolState.idle(1, PoolLimits(concurrency: 2))
        _ = pool.request(1, now: second)
        _ = pool.request(2, now: second)

        #expect(pool.drain(now: second) == [])
        #expect(pool.request(3, now: second) == .reject(.draining))
        #expect(pool.release(1, now: second) == .nothing)
        #expect(pool.request(4, now: second) == .reject(.draining))
        #expect(pool.release(1, now: second) == .stop(1))
        #expect(pool.instanceEnded(1, now: second) == [.closeZygote])
        #expect(pool.zygoteEnded(now: second) == [.drained])
    }

    @Test func `those waiting are still served by a drain`() {
        var pool = PoolState.idle(1, PoolLimits(max: 1))
        _ = pool.request(1, now: second)
        _ = pool.request(2, now: second)

        #expect(pool.drain(now: second) == [])
        #expect(pool.release(1, now: second) == .lease(2, .warm))
        #expect(pool.release(1, now: second) == .stop(1))
    }

    @Test func `those waiting for a zygote are still served by a drain`() {
        var pool = PoolState(limits: PoolLimits())
        _ = pool.request(1, now: 0)

        #expect(pool.drain(now: 0) == [])
        #expect(pool.zygoteReady(now: 0) == [.start(1, .cold)])
        #expect(pool.instanceReady(1, now: 0) == [.lease(1, 1, .cold)])
        #expect(pool.release(1, now: 0) == .stop(1))
    }

    @Test func `a drain that rejects tells those waiting`() {
        var pool = PoolState.open()
        _ = pool.request(1, now: 0)

        let actions = pool.drain(rejectingWaiting: true, now: 0)

        #expect(actions == [.reject(1, .draining), .stop(1)])
    }

    @Test func `a zygote that opens into a drain is closed`() {
        var pool = PoolState(limits: PoolLimits(min: 1))
        _ = pool.activate(now: 0)

        #expect(pool.drain(now: 0) == [])
        #expect(pool.zygoteReady(now: 0) == [.closeZygote])
        #expect(pool.zygoteEnded(now: 0) == [.drained])
    }

    @Test func `a zygote that fails to open in a drain ends it`() {
        var pool = PoolState(limits: PoolLimits())
        _ = pool.request(1, now: 0)
        _ = pool.drain(now: 0)

        let reason = RejectReason.startFailed(broken, retryAfterNanos: 0)
        #expect(pool.zygoteFailed(broken, now: 0) == [.reject(1, reason), .drained])
    }

    @Test func `a pool without zygote is drained with its last instance`() {
        var pool = PoolState(limits: PoolLimits(), forks: false)
        _ = pool.request(1, now: 0)
        _ = pool.instanceReady(1, now: 0)
        _ = pool.drain(now: 0)
        _ = pool.release(1, now: 0)

        #expect(pool.instanceEnded(1, now: 0) == [.drained])
    }
}

struct LimitChangeTests {
    @Test func `lowering max stops starting ones first then the longest idle`() {
        var pool = PoolState.idle(2, PoolLimits(max: 4))
        _ = pool.prewarm(4, now: 0)

        let actions = pool.setLimits(PoolLimits(max: 1), now: 9 * second)

        #expect(actions == [.stop(4), .stop(3), .stop(1)])
    }

    @Test func `a busy instance over max ends with its last lease and takes nothing new`() {
        var pool = PoolState.idle(2, PoolLimits(max: 2, concurrency: 2))
        for id in 1...3 { _ = pool.request(RequestID(UInt64(id)), now: 9 * second) }

        #expect(pool.setLimits(PoolLimits(max: 1, concurrency: 2), now: 9 * second) == [])
        #expect(pool.snapshot.draining == 1)
        #expect(pool.request(4, now: 9 * second) == .wait(.nothing))
        #expect(pool.release(1, now: 9 * second) == .stop(1))
        #expect(pool.release(2, now: 9 * second) == .lease(4, .warm))
    }

    @Test func `raising concurrency leases to those waiting`() {
        var pool = PoolState.idle(1, PoolLimits(max: 1))
        for id in 1...3 { _ = pool.request(RequestID(UInt64(id)), now: second) }

        let actions = pool.setLimits(PoolLimits(max: 1, concurrency: 2), now: second)

        #expect(actions == [.lease(2, 1, .warm)])
    }

    @Test func `lowering concurrency takes no lease away`() {
        var pool = PoolState.idle(1, PoolLimits(max: 1, concurrency: 3))
        for id in 1...3 { _ = pool.request(RequestID(UInt64(id)), now: second) }

        #expect(pool.setLimits(PoolLimits(max: 1), now: second) == [])
        #expect(pool.request(4, now: second) == .wait(.nothing))
        #expect(pool.release(1, now: second) == .nothing)
        #expect(pool.release(1, now: second) == .nothing)
        #expect(pool.release(1, now: second) == .lease(4, .warm))
    }

    @Test func `raising min starts instances`() {
        var pool = PoolState.open()

        #expect(pool.setLimits(PoolLimits(min: 1), now: 0) == [.start(1, .fork)])
    }
}
