import Functions
import Instances
import Pooling
import Testing

/// Opens scripted sandboxes at once, and lets each instance wait for its memory until the test
/// gives it.
final class GatedHost: PoolHost {
    /// An instance that waits.
    struct Wish: Sendable {
        let id: InstanceID
        fileprivate let continuation: CheckedContinuation<Void, Never>

        func grant() { continuation.resume() }
    }

    let sandboxes: AsyncStream<ScriptedSandbox>
    let wishes: AsyncStream<Wish>
    /// Whose memory was given back.
    let released: AsyncStream<InstanceID>
    private let sandboxSink: AsyncStream<ScriptedSandbox>.Continuation
    private let wishSink: AsyncStream<Wish>.Continuation
    private let releasedSink: AsyncStream<InstanceID>.Continuation

    init() {
        (sandboxes, sandboxSink) = AsyncStream.makeStream()
        (wishes, wishSink) = AsyncStream.makeStream()
        (released, releasedSink) = AsyncStream.makeStream()
    }

    func makePool() throws -> Pool {
        let revision = Revision(
            function: try #require(FunctionName("gated")),
            number: 1,
            digest: String(repeating: "0", count: 64),
            manifest: Manifest(name: "gated"),
            account: .local,
            deployedAtMicros: 0
        )
        return Pool(revision: revision, forks: true, host: self, clock: { 0 })
    }

    func openSandbox() async throws(InstanceError) -> any Sandbox {
        let sandbox = ScriptedSandbox()
        sandboxSink.yield(sandbox)
        return sandbox
    }

    func openSandboxForInstance(
        _ reservation: InstanceReservation
    ) async throws(InstanceError) -> any Sandbox {
        try await openSandbox()
    }

    func sandboxEnded() {}

    func reserveInstance(_ id: InstanceID) async throws(InstanceError) -> InstanceReservation {
        await withCheckedContinuation { wishSink.yield(Wish(id: id, continuation: $0)) }
        return InstanceReservation(device: .cpu) { self.releasedSink.yield(id) }
    }
}

extension AsyncStream where Element: Sendable {
    /// The next of what comes; the streams of a test have no end.
    func next() async throws -> Element {
        let element = await first { _ in true }
        return try #require(element)
    }
}
