import Functions
import Instances
import Pooling
import Synchronization
import TestSupport

/// Gives a pool its scripted instances, and a test the invocations that reach them.
final class ScriptedHost: PoolHost {
    private struct Mutable {
        var instances: [ScriptedInstance] = []
        var reply: (@Sendable (ScriptedInvocation) -> Void)?
        var startFailure: InstanceError?
    }

    let invocations: AsyncStream<ScriptedInvocation>
    private let sink: AsyncStream<ScriptedInvocation>.Continuation
    private let mutable = Mutex(Mutable())

    /// - Parameter reply: what becomes of every invocation; nil leaves them to the test.
    init(reply: (@Sendable (ScriptedInvocation) -> Void)? = nil) {
        (invocations, sink) = AsyncStream.makeStream()
        mutable.withLock { $0.reply = reply }
    }

    var instances: [ScriptedInstance] { mutable.withLock { $0.instances } }

    /// What becomes of every invocation from now on.
    func setReply(_ reply: @escaping @Sendable (ScriptedInvocation) -> Void) {
        mutable.withLock { $0.reply = reply }
    }

    /// No instance starts from now on.
    func refuseStarts(_ error: InstanceError) { mutable.withLock { $0.startFailure = error } }

    /// The next invocation that reaches an instance.
    func next() async -> ScriptedInvocation {
        var iterator = invocations.makeAsyncIterator()
        guard let invocation = await iterator.next() else {
            preconditionFailure("the stream of invocations has no end")
        }
        return invocation
    }

    func openSandbox() async throws(InstanceError) -> any Sandbox {
        if let error = mutable.withLock({ $0.startFailure }) { throw error }
        return ScriptedSandbox(host: self)
    }

    func openSandboxForInstance(
        _ reservation: InstanceReservation
    ) async throws(InstanceError) -> any Sandbox {
        try await openSandbox()
    }

    func sandboxEnded() {}

    func reserveInstance(_ id: InstanceID) async throws(InstanceError) -> InstanceReservation {
        InstanceReservation(device: .cpu) {}
    }

    fileprivate func makeInstance(_ id: UInt32) -> ScriptedInstance {
        let instance = ScriptedInstance(id: id, host: self)
        mutable.withLock { $0.instances.append(instance) }
        return instance
    }

    func take(_ invocation: ScriptedInvocation) {
        if let reply = mutable.withLock({ $0.reply }) {
            reply(invocation)
        } else {
            sink.yield(invocation)
        }
    }
}

private final class ScriptedSandbox: Sandbox {
    private struct Mutable {
        var isClosed = false
        var endHandlers: [@Sendable (SandboxEnd) -> Void] = []
    }

    let report = LoadReport.plain
    private let host: ScriptedHost
    private let mutable = Mutex(Mutable())

    init(host: ScriptedHost) { self.host = host }

    func memoryMiB() async -> Int { 1 }

    func fork(_ id: UInt32, device: Device) async throws(InstanceError) -> any Instance {
        host.makeInstance(id)
    }

    func close() async {
        let handlers = mutable.withLock { value in
            value.isClosed = true
            defer { value.endHandlers = [] }
            return value.endHandlers
        }
        for handler in handlers { handler(.closed) }
    }

    func whenEnded(_ handler: @escaping @Sendable (SandboxEnd) -> Void) {
        let isClosed = mutable.withLock { value in
            if !value.isClosed { value.endHandlers.append(handler) }
            return value.isClosed
        }
        if isClosed { handler(.closed) }
    }
}
