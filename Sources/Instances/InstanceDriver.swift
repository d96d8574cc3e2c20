package import RuntimeProtocol

/// Starts and stops what serves revisions: the whole contract between pools and one kind of
/// sandbox.
package protocol InstanceDriver: Sendable {
    /// Makes a revision's sandbox and loads its handler in the zygote.
    ///
    /// Returns once the handler is loaded. When it throws, nothing of the sandbox is left.
    func open(_ plan: SandboxPlan) async throws(InstanceError) -> any Sandbox

    /// Removes what an earlier process of this gateway left behind: processes, cgroups, folders.
    ///
    /// Called before the first sandbox is opened, and once more after the last was closed.
    func reclaim() async throws(InstanceError)
}

/// A revision's container with the zygote in it.
package protocol Sandbox: AnyObject, Sendable {
    var report: LoadReport { get }

    /// Memory of the zygote now, in MiB.
    func memoryMiB() async -> Int

    /// Forks an instance and attaches it to its device.
    ///
    /// Returns once the instance is ready for invocations. When it throws, the instance is gone.
    func fork(_ id: UInt32, device: Device) async throws(InstanceError) -> any Instance

    /// Stops every instance and the zygote; returns when none of their processes is left.
    ///
    /// Calling it again waits for the same end.
    func close() async

    /// Calls `handler` once, when the zygote has ended for whatever reason; at once if it has.
    func whenEnded(_ handler: @escaping @Sendable (SandboxEnd) -> Void)
}

/// One process that serves invocations.
package protocol Instance: AnyObject, Sendable {
    var id: UInt32 { get }

    /// Starts an invocation; what comes of it goes to `receiver`, ending with exactly one `ended`.
    ///
    /// Returns the stream's number, for `send` and `cancel`. Callable from any thread; a caller on
    /// the receiver's event loop pays no hop when the instance lives there too.
    func invoke(_ request: InstanceRequest, receiver: any InvocationReceiver) -> UInt32

    /// More of a streamed input.
    func send(_ piece: InputPiece, stream: UInt32)

    /// Asks the handler to give way; the receiver still gets its `ended`.
    func cancel(stream: UInt32, reason: CancelReason)

    /// Whether the rest of an answer is to wait in the instance, because its client takes no more
    /// for now.
    ///
    /// Where an instance has other invocations too, it comes nevertheless.
    func setPaused(_ isPaused: Bool, stream: UInt32)

    /// Ends the process at once. Invocations on it end with `.instanceDied`.
    func stop()

    /// Calls `handler` once, when the process has ended; at once if it has.
    func whenEnded(_ handler: @escaping @Sendable (InstanceEnd) -> Void)
}
