import Functions
import Instances
import RuntimeProtocol
import Synchronization
import TestSupport

/// Opens sandboxes without containers, and notes which GPU each was made to see.
final class ScriptedDriver: InstanceDriver {
    private struct Mutable {
        var visible: [String: [String]] = [:]
        var failure: InstanceError?
        var lingers = false
        var sandboxes: [ScriptedSandbox] = []
    }

    private let mutable = Mutex(Mutable())

    /// All that were opened, in that order.
    var sandboxes: [ScriptedSandbox] { mutable.withLock { $0.sandboxes } }

    /// What `CUDA_VISIBLE_DEVICES` says in the sandboxes of a function, in the order of opening.
    func visible(to function: String) -> [String] {
        mutable.withLock { $0.visible[function, default: []] }
    }

    /// No sandbox opens until it is nil again.
    func refuseToOpen(_ failure: InstanceError?) { mutable.withLock { $0.failure = failure } }

    /// Instances made from now on end only when they are told by `end`.
    func linger() { mutable.withLock { $0.lingers = true } }

    func open(_ plan: SandboxPlan) async throws(InstanceError) -> any Sandbox {
        let (failure, lingers) = mutable.withLock { value in
            let visible = plan.devices.env["CUDA_VISIBLE_DEVICES", default: "none"]
            value.visible[plan.revision.function.description, default: []].append(visible)
            return (value.failure, value.lingers)
        }
        if let failure { throw failure }
        let sandbox = ScriptedSandbox(lingers: lingers)
        mutable.withLock { $0.sandboxes.append(sandbox) }
        return sandbox
    }

    func reclaim() async {}
}

final class ScriptedSandbox: Sandbox {
    /// How forks go.
    enum Mode {
        case forks
        /// Its zygote is gone, which nobody has heard.
        case isEnding
        /// A fork stays at work until it is given up.
        case stalls
    }

    private struct Mutable {
        var mode = Mode.forks
        var forked: [UInt32] = []
    }

    let report = LoadReport.plain
    private let lingers: Bool
    private let ended = Once<SandboxEnd>()
    private let mutable = Mutex(Mutable())

    init(lingers: Bool = false) { self.lingers = lingers }

    /// The numbers of the instances that were forked from it.
    var forked: [UInt32] { mutable.withLock { $0.forked } }

    func set(_ mode: Mode) { mutable.withLock { $0.mode = mode } }

    /// Its zygote ends by itself.
    func die() {
        set(.isEnding)
        ended.happen(.died("signal 9 ended it"))
    }

    func memoryMiB() async -> Int { 1 }

    func fork(_ id: UInt32, device: Device) async throws(InstanceError) -> any Instance {
        switch mutable.withLock({ $0.mode }) {
        case .forks: break
        case .isEnding: throw InstanceError(.closed, "the sandbox has ended")
        case .stalls:
            // Ends when the task is cancelled.
            for await _ in AsyncStream<Void>(Void.self, { _ in }) {}
            throw InstanceError(.closed, "it was given up")
        }
        mutable.withLock { $0.forked.append(id) }
        return ScriptedInstance(id: id, lingers: lingers)
    }

    func close() async { ended.happen(.closed) }

    func whenEnded(_ handler: @escaping @Sendable (SandboxEnd) -> Void) { ended.tell(handler) }
}

final class ScriptedInstance: Instance {
    let id: UInt32
    private let lingers: Bool
    private let stopped = Once<Void>()
    private let ended = Once<InstanceEnd>()

    init(id: UInt32, lingers: Bool) {
        self.id = id
        self.lingers = lingers
    }

    var isStopped: Bool { stopped.hasHappened }

    /// Returns once it was told to stop.
    func stops() async {
        await withCheckedContinuation { continuation in stopped.tell { continuation.resume() } }
    }

    func end() { ended.happen(.stopped) }

    func stop() {
        stopped.happen(())
        if !lingers { end() }
    }

    func whenEnded(_ handler: @escaping @Sendable (InstanceEnd) -> Void) { ended.tell(handler) }

    func invoke(_ request: InstanceRequest, receiver: any InvocationReceiver) -> UInt32 { 0 }
    func send(_ piece: InputPiece, stream: UInt32) {}
    func setPaused(_ isPaused: Bool, stream: UInt32) {}

    func cancel(stream: UInt32, reason: CancelReason) {}
}

/// Something that happens once, and those who want to hear of it, also when it has.
private final class Once<Event: Sendable>: Sendable {
    private struct Mutable {
        var event: Event?
        var handlers: [@Sendable (Event) -> Void] = []
    }

    private let mutable = Mutex(Mutable())

    var hasHappened: Bool { mutable.withLock { $0.event != nil } }

    func happen(_ event: Event) {
        let handlers = mutable.withLock { value -> [@Sendable (Event) -> Void] in
            guard value.event == nil else { return [] }
            value.event = event
            defer { value.handlers = [] }
            return value.handlers
        }
        for handler in handlers { handler(event) }
    }

    func tell(_ handler: @escaping @Sendable (Event) -> Void) {
        let event = mutable.withLock { value in
            if value.event == nil { value.handlers.append(handler) }
            return value.event
        }
        if let event { handler(event) }
    }
}
