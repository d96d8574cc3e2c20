package import Functions
import Instances
package import NIOCore
import NIOPosix

/// Takes what a process prints outside an invocation: revision, instance (nil for a zygote), level,
/// text.
package typealias OutputSink = @Sendable (Revision, UInt32?, String, ByteBuffer) -> Void

/// What the sandboxes of one driver share.
struct OCITools: Sendable {
    let configuration: OCIConfiguration
    let runtime: OCIRuntime
    let cgroups: Cgroups
    let group: any EventLoopGroup
    /// For calls that block: the OCI runtime, cgroups, the first words with a forked process.
    let threads: NIOThreadPool
    let outputSink: OutputSink

    func output(_ revision: Revision, _ instance: UInt32?, _ level: String, _ text: ByteBuffer) {
        outputSink(revision, instance, level, text)
    }

    /// Work that follows from an event and that nobody waits for; it ends with its sandbox.
    func detach(_ work: @escaping @Sendable () async -> Void) {
        Task(operation: work)
    }

    /// Runs `work` on a thread that may block; nil when the driver is stopping.
    ///
    /// To its end, also in a task that was cancelled: what was begun has to be taken away.
    @discardableResult
    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value? {
        try? await threads.runIfActive(eventLoop: group.any()) { work() }.get()
    }

    /// The same for work that may fail.
    func blocking<Value: Sendable>(
        _ work: @escaping @Sendable () throws(InstanceError) -> Value
    ) async throws(InstanceError) -> Value {
        do {
            return try await threads.runIfActive(eventLoop: group.any()) { try work() }.get()
        } catch {
            throw error as? InstanceError ?? InstanceError(.closed, "the driver is stopping")
        }
    }
}
