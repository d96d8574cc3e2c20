import Functions
import Pooling
import Testing

/// Instances of which an invocation is given grace to stop.
struct HoldingTests {
    /// One instance with two leases, of four that it may have.
    private func busy(max: Int = 2) -> PoolState {
        var pool = PoolState.idle(1, PoolLimits(max: max, concurrency: 4))
        for id in 1...2 { _ = pool.request(RequestID(UInt64(id)), now: second) }
        return pool
    }

    @Test func `an instance with a held lease takes nothing new`() {
        var pool = busy()
        pool.hold(1)

        #expect(pool.request(3, now: second) == .wait(.instance(2, .fork)))
        #expect(pool.snapshot.busy == 1)
        #expect(pool.snapshot.leases == 2)
    }

    @Test func `with the held lease given back the instance serves those waiting`() {
        var pool = busy(max: 1)
        pool.hold(1)
        for id: RequestID in [3, 4, 5, 6, 7] {
            #expect(pool.request(id, now: second) == .wait(.nothing))
        }

        #expect(
            pool.releaseHeld(1, now: second)
                == [.lease(3, 1, .warm), .lease(4, 1, .warm), .lease(5, 1, .warm)]
        )
        #expect(pool.snapshot.waiting == 2)
    }

    @Test func `a lease beside the held one ends without passing on`() {
        var pool = busy(max: 1)
        pool.hold(1)
        _ = pool.request(3, now: second)

        #expect(pool.release(1, now: second) == .nothing)
        #expect(pool.releaseHeld(1, now: second) == [.lease(3, 1, .warm)])
    }

    @Test func `of two held leases the second gives the instance room`() {
        var pool = busy(max: 1)
        pool.hold(1)
        pool.hold(1)
        _ = pool.request(3, now: second)

        #expect(pool.releaseHeld(1, now: second) == [])
        #expect(pool.releaseHeld(1, now: second) == [.lease(3, 1, .warm)])
    }

    @Test func `an instance whose held lease was its last is idle`() {
        var pool = PoolState.idle(1, PoolLimits(concurrency: 4))
        _ = pool.request(1, now: second)
        pool.hold(1)

        #expect(pool.releaseHeld(1, now: 2 * second) == [])
        #expect(pool.snapshot.idle == 1)
        #expect(pool.request(2, now: 3 * second) == .lease(1, .warm))
    }

    @Test func `those waiting for an instance that is stopped after its grace get another one`() {
        var pool = busy(max: 1)
        pool.hold(1)
        _ = pool.request(3, now: second)

        #expect(pool.instanceEnded(1, now: second) == [.start(2, .fork)])
        #expect(pool.releaseHeld(1, now: second) == [])
    }

    @Test func `a drain waits for held leases`() {
        var pool = busy()
        pool.hold(1)

        #expect(pool.drain(now: second) == [])
        #expect(pool.release(1, now: second) == .nothing)
        #expect(pool.releaseHeld(1, now: second) == [.stop(1)])
    }

    @Test func `who is given grace is alone once all others are too`() {
        var pool = busy()
        #expect(!pool.isAlone(on: 1))
        pool.hold(1)
        #expect(!pool.isAlone(on: 1))

        pool.hold(1)

        #expect(pool.isAlone(on: 1))
    }

    @Test func `who is given grace is alone once all others have ended`() {
        var pool = busy()
        pool.hold(1)

        _ = pool.release(1, now: second)

        #expect(pool.isAlone(on: 1))
    }

    @Test func `an instance takes others after a grace only when somebody waits`() {
        var pool = busy(max: 1)
        pool.hold(1)
        #expect(pool.unhold(1, now: second) == nil)
        #expect(pool.request(3, now: second) == .wait(.nothing))

        #expect(pool.unhold(1, now: second) == [.lease(3, 1, .warm)])

        #expect(pool.request(4, now: second) == .lease(1, .warm))
        #expect(!pool.isAlone(on: 1))
    }

    @Test func `leases that overstay are no company`() {
        var pool = busy(max: 1)
        pool.hold(1)
        pool.hold(1)
        _ = pool.request(3, now: second)
        #expect(pool.unhold(1, now: second) == [])
        #expect(pool.unhold(1, now: second) == [.lease(3, 1, .warm)])
        #expect(!pool.isAlone(on: 1))

        _ = pool.release(1, now: second)

        #expect(pool.isAlone(on: 1))
        pool.endOverstay(1)
        _ = pool.release(1, now: second)
        #expect(pool.request(4, now: second) == .lease(1, .warm))
        #expect(!pool.isAlone(on: 1))
        #expect(pool.checkInvariants() == [])
    }

    @Test func `an instance that has ended has no lease that overstays`() {
        var pool = busy(max: 1)
        pool.hold(1)
        _ = pool.request(3, now: second)
        _ = pool.unhold(1, now: second)

        _ = pool.instanceEnded(1, now: second)

        #expect(pool.checkInvariants() == [])
        pool.endOverstay(1)
        #expect(pool.checkInvariants() == [])
    }
}
