import CLinux
import Functions
import Glibc
import Instances
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RuntimeProtocol
import Synchronization

/// An instance that is a forked process at the other end of a socket.
final class SocketInstance: Instance {
    private enum State {
        case alive([@Sendable (InstanceEnd) -> Void])
        /// Its socket is closed; how it ended is being found out.
        case ending([@Sendable (InstanceEnd) -> Void])
        case ended(InstanceEnd)
    }

    let id: UInt32
    /// Its number in the sandbox, by which the zygote reports its exit.
    let number: UInt32
    private let process: ForkedProcess
    private let channel: any Channel
    private let loop: any EventLoop
    private let handler: NIOLoopBound<InstanceHandler>
    private let lastStream = Atomic<UInt32>(0)
    private let wasStopped = Atomic<Bool>(false)
    private let state = Mutex<State>(.alive([]))

    init(
        id: UInt32,
        process: ForkedProcess,
        channel: any Channel,
        handler: NIOLoopBound<InstanceHandler>
    ) {
        self.id = id
        self.process = process
        number = process.number
        self.channel = channel
        loop = channel.eventLoop
        self.handler = handler
    }

    func invoke(_ request: InstanceRequest, receiver: any InvocationReceiver) -> UInt32 {
        let stream = lastStream.wrappingAdd(1, ordering: .relaxed).newValue
        // Without a closure on the loop where nearly all are.
        if loop.inEventLoop {
            invoke(request, stream, receiver)
        } else {
            loop.execute { self.invoke(request, stream, receiver) }
        }
        return stream
    }

    private func invoke(
        _ request: InstanceRequest,
        _ stream: UInt32,
        _ receiver: any InvocationReceiver
    ) {
        if handler.value.invoke(request, stream: stream, receiver: receiver) { return }
        whenEnded { end in receiver.eventLoop.execute { receiver.notTaken(request, end) } }
    }

    func send(_ piece: InputPiece, stream: UInt32) {
        onLoop {
            $0.handler.value.send(
                Frame(.body, isEnd: piece.isLast, stream: stream, body: piece.body)
            )
        }
    }

    func cancel(stream: UInt32, reason: CancelReason) {
        onLoop { instance in
            // The signal after the frame: a handler that is woken looks for it at once.
            instance.handler.value.cancel(stream, reason) { instance.signal(SIGUSR1) }
        }
    }

    func setPaused(_ isPaused: Bool, stream: UInt32) {
        onLoop { $0.handler.value.setPaused(isPaused, stream: stream) }
    }

    func stop() {
        wasStopped.store(true, ordering: .relaxed)
        signal(SIGKILL)
        channel.close(promise: nil)
    }

    func whenEnded(_ handler: @escaping @Sendable (InstanceEnd) -> Void) {
        let end: InstanceEnd? = state.withLock { state in
            switch state {
            case .alive(let handlers): state = .alive(handlers + [handler])
            case .ending(let handlers): state = .ending(handlers + [handler])
            case .ended(let end): return end
            }
            return nil
        }
        if let end { handler(end) }
    }

    /// The socket has closed; true the first time.
    func beginEnding() -> Bool {
        state.withLock { state in
            guard case .alive(let handlers) = state else { return false }
            state = .ending(handlers)
            return true
        }
    }

    /// Ends what is left of the process and its cgroup, and tells how it ended.
    ///
    /// Blocking.
    func finish(
        exitStatus: UInt32?,
        fault: String?,
        cgroups: Cgroups,
        zygoteGroup: String
    ) {
        let group = process.group ?? zygoteGroup
        let outOfMemory = cgroups.memoryKills(in: group) > 0
        signal(SIGKILL)
        if let group = process.group { _ = cgroups.remove(group) }
        let end = Self.end(
            status: exitStatus,
            fault: fault,
            outOfMemory: outOfMemory,
            wasStopped: wasStopped.load(ordering: .relaxed)
        )
        let handlers: [@Sendable (InstanceEnd) -> Void] = state.withLock { state in
            guard case .ending(let handlers) = state else { return [] }
            state = .ended(end)
            close(process.pidDescriptor)
            return handlers
        }
        loop.execute {
            for receiver in self.handler.value.abandon() {
                receiver.onLoop { $0.ended(.instanceDied(end)) }
            }
            for handler in handlers { handler(end) }
        }
    }

    /// Ends the process without calling it stopped: it is at fault itself.
    func endProcess() { signal(SIGKILL) }

    /// Closes the socket, as when the zygote says that the process has ended.
    func closeSocket() { channel.close(promise: nil) }

    private static func end(
        status: UInt32?,
        fault: String?,
        outOfMemory: Bool,
        wasStopped: Bool
    ) -> InstanceEnd {
        if wasStopped { return .stopped }
        if outOfMemory { return .outOfMemory }
        if let fault { return .brokeProtocol(fault) }
        guard let status else { return .sandboxEnded }
        let signal = Int(status & 0x7f)
        return signal == 0 ? .exited(Int(status >> 8) & 0xff) : .signalled(signal)
    }

    /// Under the lock: a descriptor that is closed may already stand for another process.
    private func signal(_ number: CInt) {
        state.withLock { state in
            if case .ended = state { return }
            linux_pidfd_signal(process.pidDescriptor, number)
        }
    }

    @inline(__always)
    private func onLoop(_ body: @escaping @Sendable (SocketInstance) -> Void) {
        if loop.inEventLoop { body(self) } else { loop.execute { body(self) } }
    }
}
