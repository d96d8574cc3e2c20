import FoundationEssentials
import Functions
import Instances
import NIOCore
import RuntimeProtocol
import Synchronization

/// An invocation that has reached its instance and of which the test says how it goes on.
final class ScriptedInvocation: Sendable {
    let request: InstanceRequest
    let stream: UInt32
    /// What the gateway sent after the request.
    let pieces: AsyncStream<InputPiece>
    /// Why the gateway asked the handler to give way.
    let cancellations: AsyncStream<CancelReason>
    private let receiver: any InvocationReceiver
    private let instance: ScriptedInstance
    private let pieceSink: AsyncStream<InputPiece>.Continuation
    private let cancelSink: AsyncStream<CancelReason>.Continuation

    init(
        _ request: InstanceRequest,
        stream: UInt32,
        receiver: any InvocationReceiver,
        instance: ScriptedInstance
    ) {
        self.request = request
        self.stream = stream
        self.receiver = receiver
        self.instance = instance
        (pieces, pieceSink) = AsyncStream.makeStream()
        (cancellations, cancelSink) = AsyncStream.makeStream()
    }

    var body: String { String(buffer: request.body) }

    var id: InvocationID? { request.meta[":id"].flatMap { InvocationID($0) } }

    /// All of the input, once its last piece is there.
    func input() async -> String {
        var input = body
        guard !request.isComplete else { return input }
        for await piece in pieces { input += String(buffer: piece.body) }
        return input
    }

    func begin(_ text: String = "", meta: FrameMeta = FrameMeta()) {
        tell { $0.began(meta, ByteBuffer(string: text)) }
    }

    func goOn(_ text: String) { tell { $0.continued(ByteBuffer(string: text)) } }

    func log(_ text: String) {
        tell { $0.logged(level: "stdout", ByteBuffer(string: text)) }
    }

    func answer(_ text: String, meta: FrameMeta = FrameMeta(), runMicros: UInt32 = 100) {
        end(.answered(meta, ByteBuffer(string: text), runMicros: runMicros))
    }

    func fail(_ code: InvocationFailureCode, _ message: String = "no", runMicros: UInt32 = 100) {
        let failure = FailureMessage(message: message, type: "Error")
        let bytes = (try? JSONEncoder().encode(failure)) ?? Data()
        end(.failed(code, ByteBuffer(bytes: bytes), runMicros: runMicros))
    }

    /// Ends the invocation, once: what comes later is dropped, as it would be by the driver.
    func end(_ end: InvocationEnd) {
        guard instance.forget(stream) else { return }
        pieceSink.finish()
        cancelSink.finish()
        tell { $0.ended(end) }
    }

    fileprivate func take(_ piece: InputPiece) {
        pieceSink.yield(piece)
        if piece.isLast { pieceSink.finish() }
    }

    fileprivate func cancel(_ reason: CancelReason) { cancelSink.yield(reason) }

    private func tell(_ body: @escaping @Sendable (any InvocationReceiver) -> Void) {
        receiver.eventLoop.execute { [receiver] in body(receiver) }
    }
}

extension FailureMessage {
    init(message: String, type: String) {
        let text = #"{"message": "", "type": ""}"#
        do {
            self = try JSONDecoder().decode(FailureMessage.self, from: Data(text.utf8))
        } catch {
            preconditionFailure("\(error)")
        }
        self.message = message
        self.type = type
    }
}

/// Stands in for an instance's process, which the integration tests have for real: here a test
/// decides in which order things happen.
final class ScriptedInstance: Instance {
    private struct Mutable {
        var lastStream: UInt32 = 0
        var held: [UInt32: ScriptedInvocation] = [:]
        var end: InstanceEnd?
        /// Whether those who wait for its end have been told.
        var isHeard = false
        var endHandlers: [@Sendable (InstanceEnd) -> Void] = []
    }

    let id: UInt32
    /// An element for each invocation that came after its end.
    let late: AsyncStream<Void>
    private let lateSink: AsyncStream<Void>.Continuation
    private let host: ScriptedHost
    private let mutable = Mutex(Mutable())

    init(id: UInt32, host: ScriptedHost) {
        self.id = id
        self.host = host
        (late, lateSink) = AsyncStream.makeStream()
    }

    func invoke(_ request: InstanceRequest, receiver: any InvocationReceiver) -> UInt32 {
        let (invocation, end) = mutable.withLock { value in
            value.lastStream += 1
            let invocation = ScriptedInvocation(
                request,
                stream: value.lastStream,
                receiver: receiver,
                instance: self
            )
            value.held[value.lastStream] = invocation
            return (invocation, value.end)
        }
        if end == nil {
            host.take(invocation)
        } else if forget(invocation.stream) {
            whenEnded { end in receiver.eventLoop.execute { receiver.notTaken(request, end) } }
            lateSink.yield()
        }
        return invocation.stream
    }

    func send(_ piece: InputPiece, stream: UInt32) {
        mutable.withLock { $0.held[stream] }?.take(piece)
    }

    func cancel(stream: UInt32, reason: CancelReason) {
        mutable.withLock { $0.held[stream] }?.cancel(reason)
    }

    /// What it says comes at once, as from an instance that others share.
    func setPaused(_ isPaused: Bool, stream: UInt32) {}

    func stop() { die(.stopped) }

    /// Ends the process, and with it the invocations it has.
    func die(_ end: InstanceEnd) {
        let (held, handlers) = mutable.withLock { value in
            guard value.end == nil else {
                return ([ScriptedInvocation](), [@Sendable (InstanceEnd) -> Void]())
            }
            value.end = end
            value.isHeard = true
            return (Array(value.held.values), value.endHandlers)
        }
        for invocation in held { invocation.end(.instanceDied(end)) }
        for handler in handlers { handler(end) }
    }

    /// Ends it so that nobody has been told yet, as just after a process has ended.
    func dieUnheard(_ end: InstanceEnd) { mutable.withLock { $0.end = end } }

    /// Tells everybody of the end that it has had.
    func hear() {
        let (end, handlers) = mutable.withLock { value in
            value.isHeard = true
            return (value.end, value.endHandlers)
        }
        if let end { for handler in handlers { handler(end) } }
    }

    func whenEnded(_ handler: @escaping @Sendable (InstanceEnd) -> Void) {
        let end = mutable.withLock { value in
            if !value.isHeard { value.endHandlers.append(handler) }
            return value.isHeard ? value.end : nil
        }
        if let end { handler(end) }
    }

    /// True the first time.
    fileprivate func forget(_ stream: UInt32) -> Bool {
        mutable.withLock { $0.held.removeValue(forKey: stream) != nil }
    }
}
