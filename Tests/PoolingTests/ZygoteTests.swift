import Functions
import Pooling
import Testing

struct ZygoteTests {
    @Test func `the first request opens the zygote and gets a cold instance from it`() {
        var pool = PoolState(limits: PoolLimits())

        #expect(pool.request(1, now: 0) == .wait(.openZygote))
        #expect(pool.request(2, now: 0) == .wait(.nothing))
        #expect(pool.zygoteReady(now: 1) == [.start(1, .cold), .start(2, .cold)])
        #expect(pool.instanceReady(2, now: 2) == [.lease(1, 2, .cold)])
        #expect(pool.instanceReady(1, now: 3) == [.lease(2, 1, .cold)])
    }

    @Test func `with the zygote there an instance is forked`() {
        var pool = PoolState.open()

        #expect(pool.request(1, now: 0) == .wait(.instance(1, .fork)))
    }

    @Test func `a zygote that opens to nobody waiting starts nothing`() {
        var pool = PoolState(limits: PoolLimits())
        _ = pool.request(1, now: 0)
        #expect(pool.cancel(1) == true)

        #expect(pool.zygoteReady(now: 1) == [])
    }

    @Test func `a zygote is closed only when no instance exists`() {
        var pool = PoolState.idle(1)
        #expect(pool.closeZygote() == [])

        #expect(pool.evictIdle() == 1)
        #expect(pool.closeZygote() == [])
        _ = pool.instanceEnded(1, now: 2 * second)

        #expect(pool.closeZygote() == [.closeZygote])
        #expect(pool.closeZygote() == [])
        #expect(pool.zygoteEnded(now: 3 * second) == [])
        #expect(pool.snapshot.zygote == .absent)
    }

    @Test func `a zygote with min instances to keep is not closed`() {
        var pool = PoolState(limits: PoolLimits(min: 1))
        _ = pool.prewarm(0, now: 0)

        #expect(pool.closeZygote() == [])
    }

    @Test func `a request while the zygote closes opens it again after it`() {
        var pool = PoolState.open()
        _ = pool.closeZygote()

        #expect(pool.request(1, now: 1) == .wait(.nothing))
        #expect(pool.zygoteEnded(now: 2) == [.openZygote])
        #expect(pool.zygoteReady(now: 3) == [.start(1, .cold)])
    }

    @Test func `a prewarm while the zygote closes opens it again after it`() {
        var pool = PoolState.open()
        _ = pool.closeZygote()

        #expect(pool.prewarm(2, now: 1) == [])
        #expect(pool.zygoteEnded(now: 2) == [.openZygote])
        #expect(pool.zygoteReady(now: 3) == [.start(1, .cold), .start(2, .cold)])
    }

    @Test func `a zygote that dies takes its instances and their leases with it`() {
        var pool = PoolState.idle(2)
        _ = pool.request(1, now: 3 * second)

        #expect(pool.zygoteEnded(now: 4 * second) == [])

        #expect(pool.snapshot.instances == 0)
        #expect(pool.snapshot.leases == 0)
        #expect(pool.release(2, now: 4 * second) == .nothing)
        #expect(pool.instanceEnded(2, now: 4 * second) == [])
        #expect(pool.request(2, now: 5 * second) == .wait(.openZygote))
    }

    @Test func `forks of a zygote that is ending are no failed starts`() {
        var pool = PoolState.idle(1, PoolLimits(max: 4))
        #expect(pool.request(1, now: second) == .lease(1, .warm))
        for id in 2...4 { _ = pool.request(RequestID(UInt64(id)), now: second) }

        for id in 2...4 {
            #expect(pool.instanceLost(InstanceID(UInt32(id)), broken, now: second) == [])
        }
        #expect(pool.request(5, now: second) == .wait(.nothing))
        #expect(pool.zygoteEnded(now: second) == [.openZygote])
        #expect(pool.request(6, now: second) == .wait(.nothing))
        #expect(pool.snapshot.instances == 0)
    }

    @Test func `a zygote that each fork ends is opened three times`() {
        var pool = PoolState(limits: PoolLimits())
        #expect(pool.request(1, now: 0) == .wait(.openZygote))

        for id in 1...2 {
            #expect(pool.zygoteReady(now: 0) == [.start(InstanceID(UInt32(id)), .cold)])
            #expect(pool.instanceLost(InstanceID(UInt32(id)), broken, now: 0) == [])
            #expect(pool.zygoteEnded(now: 0) == [.openZygote])
        }
        _ = pool.zygoteReady(now: 0)

        let reason = RejectReason.startFailed(.zygoteEnded, retryAfterNanos: 0)
        #expect(pool.instanceLost(3, broken, now: 0) == [.reject(1, reason)])
        #expect(pool.zygoteEnded(now: 0) == [])
    }

    @Test func `those waiting when a zygote dies get another one`() {
        var pool = PoolState.open()
        _ = pool.request(1, now: 0)

        #expect(pool.zygoteEnded(now: 1) == [.openZygote])
        #expect(pool.zygoteReady(now: 2) == [.start(2, .cold)])
        #expect(pool.instanceReady(2, now: 3) == [.lease(1, 2, .cold)])
    }
}
