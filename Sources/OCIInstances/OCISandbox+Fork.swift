import Glibc
import Instances
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RuntimeProtocol

/// Instances by fork, one of them in reserve.
///
/// Moving a process between cgroups waits for a grace period of the kernel, up to 20 ms after a
/// quiet time, and a fork of a large zygote takes milliseconds. So one child is forked in advance,
/// placed in its cgroup and left waiting: it has attached to no device, serves nothing and uses no
/// CPU.
extension OCISandbox {
    func fork(_ id: UInt32, device: Device) async throws(InstanceError) -> any Instance {
        do throws(InstanceError) {
            return try await forkAndAttach(id, device: device)
        } catch {
            // Whatever was seen first: a process that was forked ends with its zygote.
            guard place.forks, hasZygoteEnded else { throw error }
            throw InstanceError(.closed, "the sandbox has ended")
        }
    }

    private func forkAndAttach(
        _ id: UInt32,
        device: Device
    ) async throws(InstanceError) -> any Instance {
        let process: ForkedProcess
        if let ready = takeReserve() {
            process = ready
        } else {
            process = try await takeOrFork()
        }
        defer { scheduleReserve() }
        return try await attach(process, id: id, device: device)
    }

    /// Whether the zygote has closed its end of the control socket, which it does before those
    /// forked from it end, or the sandbox is being closed.
    private var hasZygoteEnded: Bool {
        lock.withLockedValue { value in
            guard value.isServing else { return true }
            var end = pollfd(fd: control, events: 0, revents: 0)
            return poll(&end, 1, 0) > 0
        }
    }

    /// The reserve may have been under way: then it is ready before a fork of our own would be.
    private func takeOrFork() async throws(InstanceError) -> ForkedProcess {
        await takeTurn()
        defer { endTurn() }
        if let ready = takeReserve() { return ready }
        return try await forkInTurn()
    }

    private func takeReserve() -> ForkedProcess? {
        lock.withLockedValue { value in
            defer { value.reserve = nil }
            return value.reserve
        }
    }

    private func forkInTurn() async throws(InstanceError) -> ForkedProcess {
        let number: UInt32? = lock.withLockedValue { value in
            guard value.isServing else { return nil }
            value.lastNumber += 1
            return value.lastNumber
        }
        guard let number else { throw InstanceError(.closed, "the sandbox has ended") }
        return try await tools.blocking { [self] () throws(InstanceError) in
            try ForkedProcess.fork(
                number: number,
                control: control,
                group: place.forks ? "\(place.group)/i\(number)" : nil,
                limits: place.limits,
                cgroups: tools.cgroups,
                millisMax: tools.configuration.forkMillisMax
            )
        }
    }

    /// One fork at a time: a zygote that does not answer holds one thread and not all of them.
    func takeTurn() async {
        await withCheckedContinuation { continuation in
            let isFree = lock.withLockedValue { value in
                if value.isForking {
                    value.forkTurns.append(continuation)
                    return false
                }
                value.isForking = true
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    func endTurn() {
        let next = lock.withLockedValue { value -> CheckedContinuation<Void, Never>? in
            guard !value.forkTurns.isEmpty else {
                value.isForking = false
                return nil
            }
            return value.forkTurns.removeFirst()
        }
        next?.resume()
    }

    private func scheduleReserve() {
        let isDue = lock.withLockedValue { value in
            guard place.forks, value.isServing, !value.isReserveDue, value.reserve == nil else {
                return false
            }
            value.isReserveDue = true
            return true
        }
        guard isDue else { return }
        let delay = TimeAmount.milliseconds(Int64(tools.configuration.reserveDelayMillis))
        tools.group.any().scheduleTask(in: delay) {
            self.tools.detach { await self.makeReserve() }
        }
    }

    private func makeReserve() async {
        await takeTurn()
        defer { endTurn() }
        let process = try? await forkInTurn()
        let isKept = lock.withLockedValue { value in
            value.isReserveDue = false
            guard value.isServing, value.reserve == nil else { return false }
            value.reserve = process
            return true
        }
        if !isKept { process?.discard() }
    }

    private func attach(
        _ process: ForkedProcess,
        id: UInt32,
        device: Device
    )
        async throws(InstanceError) -> any Instance
    {
        let loop = tools.group.next()
        let millisMax = tools.configuration.attachMillisMax
        let attached = loop.makePromise(of: UInt32.self)
        let timer = loop.scheduleTask(in: .milliseconds(Int64(millisMax))) {
            attached.fail(InstanceError(.outOfTime, "attach took longer than \(millisMax) ms"))
        }
        defer { timer.cancel() }
        do {
            let instance = try await loop.flatSubmit {
                self.connect(process, id: id, device: device, attached: attached, loop: loop)
            }.get()
            do {
                _ = try await withTaskCancellationHandler {
                    try await attached.futureResult.get()
                } onCancel: {
                    attached.fail(InstanceError(.closed, "it was given up while it attached"))
                }
                return instance
            } catch {
                instance.stop()
                throw error
            }
        } catch {
            attached.fail(error)
            throw error as? InstanceError ?? InstanceError(.host, "\(error)")
        }
    }

    private func connect(
        _ process: ForkedProcess,
        id: UInt32,
        device: Device,
        attached: EventLoopPromise<UInt32>,
        loop: any EventLoop
    ) -> EventLoopFuture<SocketInstance> {
        ClientBootstrap(group: loop).withConnectedSocket(process.socket).flatMapThrowing {
            channel in
            let closed = NIOLoopBoundBox<SocketInstance?>(nil, eventLoop: loop)
            let handler = InstanceHandler(
                device: device,
                payloadBytesMax: self.place.payloadBytesMax,
                attached: attached,
                onOutput: { self.tools.output(self.place.revision, id, $0, $1) },
                onClose: { fault in
                    // Once: what it kept would keep handler and instance for good.
                    guard let instance = closed.value else { return }
                    closed.value = nil
                    self.closed(instance, fault: fault)
                }
            )
            let instance = SocketInstance(
                id: id,
                process: process,
                channel: channel,
                handler: NIOLoopBound(handler, eventLoop: loop)
            )
            closed.value = instance
            let child = Child(instance: instance, exit: loop.makePromise())
            self.lock.withLockedValue { $0.children[process.number] = child }
            try channel.pipeline.syncOperations.addHandler(handler)
            return instance
        }
    }

    /// An instance's socket has closed; the zygote tells the exit at about the same time.
    private func closed(_ instance: SocketInstance, fault: String?) {
        guard instance.beginEnding(),
            let child = lock.withLockedValue({ $0.children[instance.number] })
        else { return }
        if fault != nil { instance.endProcess() }
        let timer = child.exit.futureResult.eventLoop.scheduleTask(
            in: .milliseconds(Int64(tools.configuration.exitMillisMax))
        ) { child.exit.succeed(nil) }
        tools.detach { [self] in
            let status = try? await child.exit.futureResult.get()
            timer.cancel()
            await tools.run {
                instance.finish(
                    exitStatus: status,
                    fault: fault,
                    cgroups: self.tools.cgroups,
                    zygoteGroup: self.place.zygoteGroup
                )
            }
            lock.withLockedValue { $0.children[instance.number] = nil }
        }
    }
}
