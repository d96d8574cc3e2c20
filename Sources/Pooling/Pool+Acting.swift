import Functions
import Instances
import NIOConcurrencyHelpers

/// Acting on decisions. What takes time runs in a task and comes back as an event.
extension Pool {
    func perform(_ actions: [PoolAction]) {
        for action in actions {
            switch action {
            case .openZygote: open(.zygote) { await $0.openZygote() }
            case .closeZygote: Task { await closeZygote() }
            case .start(let id, let kind): start(id, kind)
            case .stop(let id): stop(id)
            case .lease(let request, let id, let kind): lease(request, id, kind)
            case .reject(let request, let reason):
                lock.withLockedValue { $0.waiters.removeValue(forKey: request) }?.rejected(reason)
            case .drained: drained()
            }
        }
    }

    private func open(_ what: Opening, _ work: @escaping @Sendable (Pool) async -> Void) {
        // Entered before it may end.
        lock.withLockedValue { value in
            let task = Task {
                await work(self)
                lock.withLockedValue { $0.opening[what] = nil }
            }
            value.opening[what] = task
            if case .instance(let id) = what, value.doomed.contains(id) { task.cancel() }
        }
    }

    private func openZygote() async {
        let began = clock()
        do throws(InstanceError) {
            let sandbox = try await host.openSandbox()
            lock.withLockedValue { value in
                value.sandbox = sandbox
                value.openedAt = began
            }
            change { $0.zygoteReady(now: $1) }
            sandbox.whenEnded { [weak self] _ in self?.zygoteEnded(sandbox) }
        } catch {
            let failure = StartFailure(code: error.name, message: error.message)
            lock.withLockedValue { $0.lastFailure = error }
            change { $0.zygoteFailed(failure, now: $1) }
        }
    }

    private func closeZygote() async {
        await lock.withLockedValue { $0.sandbox }?.close()
    }

    private func zygoteEnded(_ sandbox: any Sandbox) {
        let starts = lock.withLockedValue { value -> [Task<Void, Never>]? in
            guard value.sandbox === sandbox else { return nil }
            value.sandbox = nil
            return value.opening.filter { $0.key != .zygote }.map(\.value)
        }
        guard let starts else { return }
        // What was to be forked from it would hold, or wait for, memory that others need.
        for start in starts { start.cancel() }
        host.sandboxEnded()
        change { $0.zygoteEnded(now: $1) }
    }

    /// On the zygote that is there now: by the time that there is memory, it may be another one.
    private func start(_ id: InstanceID, _ kind: StartKind) {
        let zygote = lock.withLockedValue { $0.sandbox }
        open(.instance(id)) { await $0.start(id, kind, zygote: zygote) }
    }

    private func start(_ id: InstanceID, _ kind: StartKind, zygote: (any Sandbox)?) async {
        let began = clock()
        do throws(InstanceError) {
            let reservation = try await host.reserveInstance(id)
            do throws(InstanceError) {
                let sandbox = try await sandbox(for: id, reservation, zygote)
                let instance = try await sandbox.fork(id.rawValue, device: reservation.device)
                started(instance, id, kind, began: began, reservation: reservation)
            } catch {
                await closeOwnSandbox(of: id)
                reservation.release()
                throw error
            }
        } catch {
            let failure = StartFailure(code: error.name, message: error.message)
            lock.withLockedValue { value in
                value.doomed.remove(id)
                value.lastFailure = error
            }
            let isLost = error.code == .closed
            change { state, now in
                isLost
                    ? state.instanceLost(id, failure, now: now)
                    : state.instanceFailed(id, failure, now: now)
            }
        }
    }

    private func sandbox(
        for id: InstanceID,
        _ reservation: InstanceReservation,
        _ zygote: (any Sandbox)?
    ) async throws(InstanceError) -> any Sandbox {
        guard forks else {
            let sandbox = try await host.openSandboxForInstance(reservation)
            lock.withLockedValue { $0.ownSandboxes[id] = sandbox }
            return sandbox
        }
        guard let zygote else { throw InstanceError(.closed, "the zygote has ended") }
        return zygote
    }

    private func closeOwnSandbox(of id: InstanceID) async {
        await lock.withLockedValue { $0.ownSandboxes.removeValue(forKey: id) }?.close()
    }

    private func started(
        _ instance: any Instance,
        _ id: InstanceID,
        _ kind: StartKind,
        began: UInt64,
        reservation: InstanceReservation
    ) {
        let now = clock()
        let actions = lock.withLockedValue { value in
            let from = kind == .cold && forks ? value.openedAt : began
            value.instances[id] = Running(
                instance: instance,
                startNanos: now - min(now, from)
            )
            value.lastFailure = nil
            return value.state.instanceReady(id, now: now)
        }
        perform(actions)
        if lock.withLockedValue({ $0.doomed.remove(id) }) != nil { instance.stop() }
        instance.whenEnded { [weak self] _ in
            self?.ended(id)
            Task {
                await self?.closeOwnSandbox(of: id)
                reservation.release()
            }
        }
    }

    /// In one step, so that nobody is given an instance that is no longer there.
    private func ended(_ id: InstanceID) {
        let now = clock()
        let actions = lock.withLockedValue { value in
            value.instances[id] = nil
            return value.state.instanceEnded(id, now: now)
        }
        perform(actions)
    }

    private func stop(_ id: InstanceID) {
        let (running, opening) = lock.withLockedValue { value in
            if value.instances[id] == nil { value.doomed.insert(id) }
            return (value.instances[id], value.opening[.instance(id)])
        }
        if let running { return running.instance.stop() }
        opening?.cancel()
    }

    private func lease(_ request: RequestID, _ id: InstanceID, _ kind: StartKind) {
        let (waiter, running) = lock.withLockedValue { value in
            value.leaseCount += 1
            return (value.waiters.removeValue(forKey: request), value.instances[id])
        }
        guard let waiter else { return }
        if let running { return waiter.leased(running.lease(id, kind)) }
        // It ended after the decision: ask again.
        switch acquire(request, waiter: waiter) {
        case .lease(let lease): waiter.leased(lease)
        case .rejected(let reason): waiter.rejected(reason)
        case .waiting: break
        }
    }

    private func drained() {
        let handlers = lock.withLockedValue { value in
            value.isDrained = true
            defer { value.drainedHandlers = [] }
            return value.drainedHandlers
        }
        for handler in handlers { handler() }
    }
}
