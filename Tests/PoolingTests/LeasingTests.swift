import Functions
import Pooling
import Testing

struct LeasingTests {
    @Test func `an idle instance is leased at once and is warm`() {
        var pool = PoolState.idle(1)

        #expect(pool.request(1, now: 2 * second) == .lease(1, .warm))
        #expect(pool.snapshot.busy == 1)
    }

    @Test func `the instance used last is leased first so that the others can age`() {
        var pool = PoolState.idle(3)

        #expect(pool.request(1, now: 4 * second) == .lease(3, .warm))
        #expect(pool.request(2, now: 4 * second) == .lease(2, .warm))
        #expect(pool.release(3, now: 5 * second) == .nothing)
        #expect(pool.request(3, now: 6 * second) == .lease(3, .warm))
    }

    @Test func `the busiest instance with room is leased first`() {
        var pool = PoolState.idle(2, PoolLimits(concurrency: 3))

        let leased = (1...6).map { pool.request(RequestID($0), now: 9 * second) }

        #expect(leased[..<3].allSatisfy { $0 == .lease(2, .warm) })
        #expect(leased[3...].allSatisfy { $0 == .lease(1, .warm) })
        #expect(pool.release(2, now: 9 * second) == .nothing)
        #expect(pool.release(1, now: 9 * second) == .nothing)
        #expect(pool.release(1, now: 9 * second) == .nothing)
        #expect(pool.request(7, now: 9 * second) == .lease(2, .warm))
    }

    @Test func `a request with nothing idle waits and starts an instance`() {
        var pool = PoolState.open()

        #expect(pool.request(1, now: 0) == .wait(.instance(1, .fork)))
        #expect(pool.instanceReady(1, now: 0) == [.lease(1, 1, .fork)])
    }

    @Test func `requests that fit the instances under way start no more`() {
        var pool = PoolState.open(PoolLimits(concurrency: 2))

        #expect(pool.request(1, now: 0) == .wait(.instance(1, .fork)))
        #expect(pool.request(2, now: 0) == .wait(.nothing))
        #expect(pool.request(3, now: 0) == .wait(.instance(2, .fork)))
    }

    @Test func `all who waited for an instance share its start kind and later ones are warm`() {
        var pool = PoolState.open(PoolLimits(max: 1, concurrency: 3))
        for id in 1...2 { _ = pool.request(RequestID(UInt64(id)), now: 0) }

        #expect(pool.instanceReady(1, now: 1) == [.lease(1, 1, .fork), .lease(2, 1, .fork)])
        #expect(pool.request(3, now: 2) == .lease(1, .warm))
    }

    @Test func `no more instances start than max`() {
        var pool = PoolState.open(PoolLimits(max: 2))

        #expect(pool.request(1, now: 0) == .wait(.instance(1, .fork)))
        #expect(pool.request(2, now: 0) == .wait(.instance(2, .fork)))
        #expect(pool.request(3, now: 0) == .wait(.nothing))
    }

    @Test func `an instance that is stopping counts until it has ended`() {
        var pool = PoolState.idle(1, PoolLimits(max: 1))
        #expect(pool.evictIdle() == 1)

        #expect(pool.request(1, now: 2 * second) == .wait(.nothing))
        #expect(pool.instanceEnded(1, now: 3 * second) == [.start(2, .fork)])
    }

    @Test func `a released instance goes to the one who waited longest and is warm for it`() {
        var pool = PoolState.idle(1, PoolLimits(max: 1))
        _ = pool.request(1, now: 2 * second)
        _ = pool.request(2, now: 2 * second)
        _ = pool.request(3, now: 2 * second)

        #expect(pool.release(1, now: 3 * second) == .lease(2, .warm))
        #expect(pool.release(1, now: 4 * second) == .lease(3, .warm))
        #expect(pool.release(1, now: 5 * second) == .nothing)
    }

    @Test func `a full queue rejects`() {
        var pool = PoolState.open(PoolLimits(max: 1, queueDepthMax: 2))
        _ = pool.request(1, now: 0)
        _ = pool.request(2, now: 0)

        #expect(pool.request(3, now: 0) == .reject(.queueFull))
    }

    @Test func `a cancelled request is passed over`() {
        var pool = PoolState.idle(1, PoolLimits(max: 1))
        for id in 1...4 { _ = pool.request(RequestID(UInt64(id)), now: 2 * second) }

        #expect(pool.cancel(3) == true)
        #expect(pool.cancel(3) == false)
        #expect(pool.cancel(1) == false)
        #expect(pool.cancel(2) == true)
        #expect(pool.release(1, now: 3 * second) == .lease(4, .warm))
        #expect(pool.snapshot.waiting == 0)
    }

    @Test func `an instance whose request went away is idle and then warm`() {
        var pool = PoolState.open()
        _ = pool.request(1, now: 0)
        #expect(pool.cancel(1) == true)

        #expect(pool.instanceReady(1, now: 1) == [])
        #expect(pool.request(2, now: 2) == .lease(1, .warm))
    }

    @Test func `the leases of an instance that died are void and those waiting get a new one`() {
        var pool = PoolState.idle(1, PoolLimits(max: 1))
        _ = pool.request(1, now: 2 * second)
        _ = pool.request(2, now: 2 * second)

        #expect(pool.instanceEnded(1, now: 3 * second) == [.start(2, .fork)])
        #expect(pool.release(1, now: 3 * second) == .nothing)
        #expect(pool.snapshot.leases == 0)
        #expect(pool.instanceReady(2, now: 3 * second) == [.lease(2, 2, .fork)])
    }

    @Test func `instances with a sandbox of their own start cold without a zygote`() {
        var pool = PoolState(limits: PoolLimits(), forks: false)

        #expect(pool.request(1, now: 0) == .wait(.instance(1, .cold)))
        #expect(pool.instanceReady(1, now: 1) == [.lease(1, 1, .cold)])
        #expect(pool.snapshot.zygote == .unused)
        #expect(pool.zygoteReady(now: 2) == [])
        #expect(pool.closeZygote() == [])
    }

    @Test func `events about unknown instances are ignored`() {
        var pool = PoolState.idle(1)

        #expect(pool.release(7, now: 0) == .nothing)
        #expect(pool.release(1, now: 0) == .nothing)
        #expect(pool.instanceReady(7, now: 0) == [])
        #expect(pool.instanceFailed(7, broken, now: 0) == [])
        #expect(pool.instanceEnded(7, now: 0) == [])
        #expect(pool.snapshot.idle == 1)
    }

    @Test func `limits come from the manifest and stay within their bounds`() {
        var scale = Manifest.Scale()
        scale.min = 9
        scale.keepAliveMillis = 1_500
        scale.queue = 0
        scale.concurrency = 1_000_000

        let limits = PoolLimits(scale)

        #expect(limits.max == 8)
        #expect(limits.min == 8)
        #expect(limits.keepAliveNanos == 1_500_000_000)
        #expect(limits.queueDepthMax == 1)
        #expect(limits.concurrency == PoolLimits.concurrencyMax)
        scale.keepAliveMillis = .max
        #expect(PoolLimits(scale).keepAliveNanos == PoolLimits.keepAliveNanosMax)
    }
}
