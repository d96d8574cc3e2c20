package import Functions
import GatewayAPI
import Instances
import NIOCore
import RuntimeProtocol

extension Dispatcher: Invoker {
    /// All of one call share an event loop; calls take turns on them.
    package func begin(_ invocations: [Invocation], observer: any InvocationObserver) {
        let loop = nextLoop()
        loop.execute {
            let (now, wall) = (Clock.monotonicNanos(), Clock.wallMicros())
            for invocation in invocations {
                self.begin(
                    invocation,
                    EventReceiver(invocation, observer: observer),
                    acceptedAt: now,
                    acceptedAtMicros: wall,
                    on: loop
                )
            }
        }
    }

    private func begin(
        _ invocation: Invocation,
        _ receiver: EventReceiver,
        acceptedAt: UInt64,
        acceptedAtMicros: Int64,
        on loop: any EventLoop
    ) {
        let head = AnswerHead(refused: invocation.id)
        guard let split = split(invocation.function.description) else {
            return receiver.answerEnded(
                .problem(
                    head,
                    Problem(
                        .functionNotFound,
                        detail: "There is no function \(invocation.function): see `faas list`."
                    ),
                    .rejected
                )
            )
        }
        let route = invocation.trigger == .probe ? split.primary : split.route(random: makeRandom())
        guard invocation.body.count <= route.payloadBytesMax else {
            return receiver.answerEnded(
                .problem(
                    head,
                    Problem(
                        .payloadTooLarge,
                        detail: "\(invocation.body.count) bytes are over the function's "
                            + "limits.payload, \(route.payloadBytesMax) bytes."
                    ),
                    .rejected
                )
            )
        }
        guard let meta = FrameMeta(invocation) else {
            return receiver.answerEnded(.problem(head, .metaTooLong, .rejected))
        }
        makeInvocation(
            InstanceRequest(
                meta: meta,
                body: ByteBuffer(bytes: invocation.body),
                remainingMillis: 0
            ),
            id: invocation.id,
            route: route,
            trigger: invocation.trigger,
            attempt: invocation.attempt,
            acceptedAtMicros: acceptedAtMicros,
            acceptedAt: acceptedAt,
            loop: self.loop(loop),
            receiver: receiver
        ).start()
    }
}

extension FrameMeta {
    /// What a handler may know of an event; nil when it does not fit a frame.
    fileprivate init?(_ invocation: Invocation) {
        var lines = ByteBufferAllocator().buffer(capacity: 160 + invocation.headers.count)
        lines.writeStaticString(":id: ")
        lines.writeWithUnsafeMutableBytes(minimumWritableBytes: 36) { bytes in
            invocation.id.write(into: bytes)
            return 36
        }
        lines.writeStaticString("\n:method: POST\n:path: \n:trigger: ")
        lines.writeString(invocation.trigger.description)
        if invocation.attempt > 1 {
            lines.writeStaticString("\n:attempt: ")
            lines.writeString("\(invocation.attempt)")
        }
        if !invocation.headers.isEmpty {
            lines.writeStaticString("\n")
            lines.writeBytes(invocation.headers)
        }
        guard lines.readableBytes <= FrameMeta.byteCountMax else { return nil }
        self.init(lines: lines)
    }
}
