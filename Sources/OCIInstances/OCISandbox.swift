import Glibc
import Instances
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RuntimeProtocol

/// A container with a zygote in it, and the instances forked from it.
final class OCISandbox: Sandbox, @unchecked Sendable {
    enum Stage {
        case loading(EventLoopPromise<Void>)
        case serving
        case closing
        case ended(SandboxEnd)
    }

    /// All that changes, guarded by `lock`.
    struct Mutable {
        var stage: Stage
        var report: LoadReport?
        var channel: (any Channel)?
        var children: [UInt32: Child] = [:]
        var lastNumber: UInt32 = 0
        /// Forked in advance; see `OCISandbox+Fork.swift`.
        var reserve: ForkedProcess?
        var isReserveDue = false
        /// A fork is under way; those that come meanwhile take turns.
        var isForking = false
        var forkTurns: [CheckedContinuation<Void, Never>] = []
        var endHandlers: [@Sendable (SandboxEnd) -> Void] = []

        var isServing: Bool { if case .serving = stage { true } else { false } }
    }

    /// An instance, and the promise of its wait status, which only the zygote learns.
    struct Child {
        let instance: SocketInstance
        let exit: EventLoopPromise<UInt32?>
    }

    let place: SandboxPlace
    let tools: OCITools
    /// Our own copy of the control socket, for messages that carry descriptors.
    let control: CInt
    let lock: NIOLockedValueBox<Mutable>
    private let removed: EventLoopPromise<Void>

    init(place: SandboxPlace, tools: OCITools, control: CInt, loaded: EventLoopPromise<Void>) {
        self.place = place
        self.tools = tools
        self.control = control
        lock = NIOLockedValueBox(Mutable(stage: .loading(loaded)))
        removed = tools.group.any().makePromise()
    }

    var report: LoadReport {
        guard let report = lock.withLockedValue({ $0.report }) else {
            preconditionFailure("a sandbox is handed out once its handler is loaded")
        }
        return report
    }

    /// Waits for the handler to be loaded; `ours` is the host's end of the control socket.
    static func open(
        place: SandboxPlace,
        tools: OCITools,
        control ours: CInt,
        loadMillisMax: Int
    ) async throws(InstanceError) -> OCISandbox {
        let loop = tools.group.next()
        let loaded = loop.makePromise(of: Void.self)
        let copy = fcntl(ours, F_DUPFD_CLOEXEC, 0)
        let sandbox = OCISandbox(place: place, tools: tools, control: copy, loaded: loaded)
        let timer = loop.scheduleTask(in: .milliseconds(Int64(loadMillisMax))) {
            loaded.fail(
                InstanceError(.outOfTime, "loading took longer than \(loadMillisMax) ms")
            )
        }
        defer { timer.cancel() }
        do {
            let channel = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ControlHandler { sandbox.take($0) }
                        )
                    }
                }
                .withConnectedSocket(ours).get()
            sandbox.lock.withLockedValue { $0.channel = channel }
            try await withTaskCancellationHandler {
                try await loaded.futureResult.get()
            } onCancel: {
                loaded.fail(InstanceError(.closed, "it was given up before it had loaded"))
            }
            return sandbox
        } catch {
            loaded.fail(error)
            await sandbox.close()
            throw error as? InstanceError ?? InstanceError(.host, "\(error)")
        }
    }

    func memoryMiB() async -> Int {
        let pid = place.zygotePID
        return await tools.run { Self.sharedMemoryMiB(of: pid) } ?? 0
    }

    func close() async { await end(.closed) }

    func whenEnded(_ handler: @escaping @Sendable (SandboxEnd) -> Void) {
        let end: SandboxEnd? = lock.withLockedValue { value in
            if case .ended(let end) = value.stage { return end }
            value.endHandlers.append(handler)
            return nil
        }
        if let end { handler(end) }
    }

    /// Ends everything in the sandbox and removes what the host has of it, once.
    func end(_ end: SandboxEnd) async {
        let isFirst = lock.withLockedValue { value in
            switch value.stage {
            case .loading, .serving:
                value.stage = .closing
                return true
            case .closing, .ended: return false
            }
        }
        if isFirst {
            await tools.run { self.removeAll(end) }
            // A fork that is under way still writes to it; with the zygote gone that ends soon.
            await takeTurn()
            let handlers = lock.withLockedValue { value in
                Glibc.close(control)
                value.stage = .ended(end)
                defer { value.endHandlers = [] }
                return value.endHandlers
            }
            endTurn()
            removed.succeed()
            for handler in handlers { handler(end) }
        }
        try? await removed.futureResult.get()
    }

    private func removeAll(_ end: SandboxEnd) {
        let (reserve, channel, children) = lock.withLockedValue { value in
            defer { value.reserve = nil }
            return (value.reserve, value.channel, value.children.values)
        }
        for child in children {
            if end == .closed {
                child.instance.stop()
            } else {
                child.instance.endProcess()
                child.instance.closeSocket()
            }
            // Nobody is left to tell it; those who wait for it need not wait for the removal.
            child.exit.succeed(nil)
        }
        reserve?.discard()
        channel?.close(promise: nil)
        place.remove(cgroups: tools.cgroups, runtime: tools.runtime)
    }

    /// Proportional set size: pages shared with instances count by their share.
    private static func sharedMemoryMiB(of pid: pid_t) -> Int {
        for line in (Files.read("/proc/\(pid)/smaps_rollup") ?? "").split(separator: "\n")
        where line.hasPrefix("Pss:") {
            let kibibytes = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            return (kibibytes + 1023) / 1024
        }
        return 0
    }
}
