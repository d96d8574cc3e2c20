import Functions
import Pooling
import Testing

struct StartFailureTests {
    @Test func `a zygote that does not open rejects those waiting and says why`() {
        var pool = PoolState(limits: PoolLimits())
        _ = pool.request(1, now: 0)
        _ = pool.request(2, now: 0)

        let reason = RejectReason.startFailed(broken, retryAfterNanos: 0)
        #expect(pool.zygoteFailed(broken, now: 1) == [.reject(1, reason), .reject(2, reason)])
        #expect(pool.request(3, now: 2) == .wait(.openZygote))
    }

    @Test func `repeated failures make requests pause for twice as long each time up to a minute`()
    {
        var pool = PoolState(limits: PoolLimits())
        var now: UInt64 = 0
        var pauses: [UInt64] = []
        for id in 0..<9 {
            #expect(pool.request(RequestID(UInt64(id)), now: now) == .wait(.openZygote))
            let actions = pool.zygoteFailed(broken, now: now)
            guard case .reject(_, .startFailed(broken, let pause)) = actions.first else { break }
            if pause > 0 {
                let reason = RejectReason.startFailed(broken, retryAfterNanos: 1)
                #expect(pool.request(99, now: now + pause - 1) == .reject(reason))
            }
            pauses.append(pause / second)
            now += pause
        }

        #expect(pauses == [0, 1, 2, 4, 8, 16, 32, 60, 60])
    }

    @Test func `a lease that was completed forgets the failures`() {
        var pool = PoolState(limits: PoolLimits())
        for id in 1...2 {
            _ = pool.request(RequestID(UInt64(id)), now: 0)
            _ = pool.zygoteFailed(broken, now: 0)
        }
        #expect(pool.request(3, now: second) == .wait(.openZygote))
        #expect(pool.zygoteReady(now: second) == [.start(1, .cold)])
        #expect(pool.instanceReady(1, now: second) == [.lease(3, 1, .cold)])
        #expect(pool.release(1, now: second) == .nothing)

        #expect(pool.zygoteEnded(now: second) == [])
        _ = pool.request(4, now: second)
        _ = pool.zygoteFailed(broken, now: second)

        #expect(pool.request(5, now: second) == .wait(.openZygote))
    }

    @Test func `an instance that fails to start is tried three times for those waiting`() {
        var pool = PoolState(limits: PoolLimits(), forks: false)
        _ = pool.request(1, now: 0)

        #expect(pool.instanceFailed(1, broken, now: 0) == [.start(2, .cold)])
        #expect(pool.instanceFailed(2, broken, now: 0) == [.start(3, .cold)])
        let reason = RejectReason.startFailed(broken, retryAfterNanos: 0)
        #expect(pool.instanceFailed(3, broken, now: 0) == [.reject(1, reason)])
        #expect(pool.request(2, now: 0) == .wait(.instance(4, .cold)))
    }

    @Test func `a zygote of which no fork lives is closed`() {
        var pool = PoolState.open()
        _ = pool.request(1, now: 0)
        _ = pool.instanceFailed(1, broken, now: 0)
        _ = pool.instanceFailed(2, broken, now: 0)

        let reason = RejectReason.startFailed(broken, retryAfterNanos: 0)
        #expect(pool.instanceFailed(3, broken, now: 0) == [.reject(1, reason), .closeZygote])
        #expect(pool.request(2, now: 0) == .wait(.nothing))
        #expect(pool.zygoteEnded(now: 0) == [.openZygote])
    }

    @Test func `those waiting stay while another instance can serve them`() {
        var pool = PoolState.idle(1, PoolLimits(max: 2))
        #expect(pool.request(1, now: second) == .lease(1, .warm))
        #expect(pool.request(2, now: second) == .wait(.instance(2, .fork)))

        var actions: [PoolAction] = []
        for id in 2...7 {
            actions = pool.instanceFailed(InstanceID(UInt32(id)), broken, now: second)
        }

        #expect(actions == [])
        #expect(pool.nextDeadline() == 2 * second)
        #expect(pool.request(3, now: second) == .wait(.nothing))
        #expect(pool.release(1, now: second) == .lease(2, .warm))
    }

    @Test func `what had to pause is tried again by the next tick`() {
        var pool = PoolState.idle(1, PoolLimits(max: 2))
        _ = pool.request(1, now: second)
        _ = pool.request(2, now: second)
        for id in 2...7 { _ = pool.instanceFailed(InstanceID(UInt32(id)), broken, now: second) }

        #expect(pool.tick(now: 2 * second - 1) == [])
        #expect(pool.tick(now: 2 * second) == [.start(8, .fork)])
    }

    @Test func `min instances that fail are tried again after a pause and not in a circle`() {
        var pool = PoolState(limits: PoolLimits(min: 1), forks: false)

        #expect(pool.activate(now: 0) == [.start(1, .cold)])
        #expect(pool.instanceFailed(1, broken, now: 0) == [.start(2, .cold)])
        #expect(pool.instanceFailed(2, broken, now: 0) == [.start(3, .cold)])
        #expect(pool.instanceFailed(3, broken, now: 0) == [])
        #expect(pool.nextDeadline() == second)
        #expect(pool.tick(now: second) == [.start(4, .cold)])
    }

    @Test func `instances that start and die without serving count as failed starts`() {
        var pool = PoolState(limits: PoolLimits(min: 1), forks: false)
        _ = pool.activate(now: 0)

        for id in 1...3 {
            _ = pool.instanceReady(InstanceID(UInt32(id)), now: 0)
            let actions = pool.instanceEnded(InstanceID(UInt32(id)), now: 0)
            #expect(actions == (id < 3 ? [.start(InstanceID(UInt32(id + 1)), .cold)] : []))
        }

        #expect(pool.nextDeadline() == second)
    }

    @Test func `a release lets what had to pause begin at once`() {
        var pool = PoolState.idle(2, PoolLimits(min: 2, max: 2))
        _ = pool.request(1, now: second)
        _ = pool.instanceEnded(1, now: second)
        for id in 3...4 { _ = pool.instanceFailed(InstanceID(UInt32(id)), broken, now: second) }
        #expect(pool.nextDeadline() == 2 * second)

        #expect(pool.release(2, now: second) == .nothing)

        #expect(pool.nextDeadline() == 0)
        #expect(pool.tick(now: second) == [.start(5, .fork)])
    }

    @Test func `a zygote that dies before serving three times rejects those waiting`() {
        var pool = PoolState(limits: PoolLimits())
        _ = pool.request(1, now: 0)
        for _ in 1...2 {
            _ = pool.zygoteReady(now: 0)
            #expect(pool.zygoteEnded(now: 0) == [.openZygote])
        }
        _ = pool.zygoteReady(now: 0)

        let reason = RejectReason.startFailed(.zygoteEnded, retryAfterNanos: 0)
        #expect(pool.zygoteEnded(now: 0) == [.reject(1, reason)])
    }

    @Test func `many that fail together begin one pause`() {
        var pool = PoolState(limits: PoolLimits(max: 64), forks: false)
        for id in 1...64 { _ = pool.request(RequestID(UInt64(id)), now: 0) }

        var rejected = 0
        var id: UInt32 = 1
        while pool.snapshot.starting > 0, id < 1_000 {
            for case .reject in pool.instanceFailed(InstanceID(id), broken, now: 0) {
                rejected += 1
            }
            id += 1
        }

        #expect(rejected == 64)
        #expect(id < 64 + 2 * 3 + 1)
        let pause = RejectReason.startFailed(broken, retryAfterNanos: second)
        #expect(pool.request(99, now: 0) == .reject(pause))
    }
}
