import Instances
import NIOCore
import RuntimeProtocol
import Synchronization

/// Takes what comes of one invocation and lends it to the test that waits for it.
final class Collector: InvocationReceiver {
    struct Answer: Sendable {
        var pieces: [String] = []
        var log = ""
        var end: InvocationEnd
        /// How often it ended: more than once is a fault.
        var endCount = 0

        var text: String {
            if case .answered(_, let body, _) = end {
                return (pieces + [String(buffer: body)]).joined()
            }
            return "\(end)"
        }
    }

    private struct Mutable {
        var pieces: [String] = []
        var log = ""
        var endCount = 0
    }

    let eventLoop: any EventLoop
    private let mutable = Mutex(Mutable())
    private let ended: EventLoopPromise<InvocationEnd>
    private let begun: EventLoopPromise<Void>

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        ended = eventLoop.makePromise()
        begun = eventLoop.makePromise()
    }

    func began(_ head: FrameMeta, _ body: ByteBuffer) {
        mutable.withLock { $0.pieces.append(String(buffer: body)) }
        begun.succeed()
    }

    func continued(_ body: ByteBuffer) {
        mutable.withLock { $0.pieces.append(String(buffer: body)) }
    }

    func logged(level: String, _ text: ByteBuffer) {
        mutable.withLock { $0.log += String(buffer: text) }
    }

    func ended(_ end: InvocationEnd) {
        mutable.withLock { $0.endCount += 1 }
        begun.succeed()
        ended.succeed(end)
    }

    /// Returns once the first bytes of the answer are there.
    func beginning() async throws { try await begun.futureResult.get() }

    func answer() async throws -> Answer {
        let end = try await ended.futureResult.get()
        return mutable.withLock {
            Answer(pieces: $0.pieces, log: $0.log, end: end, endCount: $0.endCount)
        }
    }
}

extension Instance {
    /// Starts an invocation whose whole input is `body`.
    func begin(_ body: String, on host: SandboxHost) -> (Collector, stream: UInt32) {
        let collector = Collector(eventLoop: host.eventLoop)
        let request = InstanceRequest(
            meta: FrameMeta([(":id", "1"), (":method", "POST"), (":path", "")]),
            body: ByteBuffer(string: body),
            remainingMillis: 10_000
        )
        return (collector, invoke(request, receiver: collector))
    }

    func answer(_ body: String, on host: SandboxHost) async throws -> Collector.Answer {
        try await begin(body, on: host).0.answer()
    }

    /// How its process ended, once it has.
    func end() async -> InstanceEnd {
        await withCheckedContinuation { continuation in
            whenEnded { continuation.resume(returning: $0) }
        }
    }
}

extension Sandbox {
    func end() async -> SandboxEnd {
        await withCheckedContinuation { continuation in
            whenEnded { continuation.resume(returning: $0) }
        }
    }
}

/// Looks again and again whether something of the kernel's has come about, which tells nobody.
func eventually(
    within seconds: Int = 10,
    _ condition: () -> Bool
) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if condition() { return true }
        await Task.yield()
    }
    return condition()
}
