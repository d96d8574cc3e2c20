package import NIOCore
package import RuntimeProtocol

/// Where an invocation's answer goes; all calls come on `eventLoop`, in order.
package protocol InvocationReceiver: AnyObject, Sendable {
    var eventLoop: any EventLoop { get }

    /// The answer's head and first bytes, when more follow.
    func began(_ head: FrameMeta, _ body: ByteBuffer)

    /// More of an answer that has begun.
    func continued(_ body: ByteBuffer)

    /// Lines that the handler printed or logged.
    func logged(level: String, _ text: ByteBuffer)

    /// The invocation is over; no further call follows.
    func ended(_ end: InvocationEnd)

    /// The invocation is over before it began: the instance had ended and never saw it. No further
    /// call follows, and whoever leased the instance has been told of its end.
    func notTaken(_ request: InstanceRequest, _ end: InstanceEnd)
}

extension InvocationReceiver {
    package func notTaken(_ request: InstanceRequest, _ end: InstanceEnd) {
        ended(.instanceDied(end))
    }
}

/// How an invocation ended on its instance.
package enum InvocationEnd: Sendable {
    /// A whole answer. `head` is empty when `began` has given it.
    case answered(FrameMeta, ByteBuffer, runMicros: UInt32)
    /// The handler or its input was at fault; `body` is a `FailureMessage` in JSON.
    case failed(InvocationFailureCode, ByteBuffer, runMicros: UInt32)
    /// The instance ended in the middle.
    case instanceDied(InstanceEnd)
}

/// An invocation as the instance gets it.
package struct InstanceRequest: Sendable {
    package var meta: FrameMeta
    package var body: ByteBuffer
    /// No `send` follows.
    package var isComplete: Bool
    package var remainingMillis: UInt32

    package init(
        meta: FrameMeta,
        body: ByteBuffer,
        isComplete: Bool = true,
        remainingMillis: UInt32
    ) {
        self.meta = meta
        self.body = body
        self.isComplete = isComplete
        self.remainingMillis = remainingMillis
    }
}

/// A piece of a streamed input.
package struct InputPiece: Sendable {
    package var body: ByteBuffer
    package var isLast: Bool

    package init(body: ByteBuffer, isLast: Bool) {
        self.body = body
        self.isLast = isLast
    }
}
