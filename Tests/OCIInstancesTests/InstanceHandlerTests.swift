import Instances
import NIOCore
import NIOEmbedded
import OCIInstances
import RuntimeProtocol
import Testing

/// The host's end of an instance's socket, without a process at the other one.
@Suite struct InstanceHandlerTests {
    private static let payloadBytesMax = 1000

    private let channel = EmbeddedChannel()
    private let attached: EventLoopPromise<UInt32>
    private let seen = Seen()
    private let handler: InstanceHandler

    /// What the handler has told its owner.
    private final class Seen {
        var output: [String] = []
        var closes: [String?] = []
    }

    init() throws {
        attached = channel.embeddedEventLoop.makePromise()
        handler = InstanceHandler(
            device: .cuda,
            payloadBytesMax: Self.payloadBytesMax,
            attached: attached,
            onOutput: { [seen] in seen.output.append("\($0): \(String(buffer: $1))") },
            onClose: { [seen] in seen.closes.append($0) }
        )
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/instance")).wait()
    }

    private func receive(_ frames: Frame...) throws {
        for frame in frames {
            var bytes = ByteBuffer()
            frame.write(into: &bytes)
            try channel.writeInbound(bytes)
        }
    }

    private func sent() throws -> [Frame] {
        channel.embeddedEventLoop.run()
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            decoder.feed(bytes)
            while let frame = try decoder.next() { frames.append(frame) }
        }
        return frames
    }

    private func invoke(_ stream: UInt32 = 1) -> Answers {
        let answers = Answers(eventLoop: channel.eventLoop)
        let request = InstanceRequest(
            meta: FrameMeta([(":id", "1")]),
            body: ByteBuffer(string: "{}"),
            remainingMillis: 500
        )
        #expect(handler.invoke(request, stream: stream, receiver: answers))
        return answers
    }

    // MARK: The way of an invocation

    @Test func `the first frame says which device`() throws {
        #expect(try sent().map { "\($0.kind) \($0.meta[":device"] ?? "")" } == ["attach cuda"])
    }

    @Test func `nothing is invoked before the instance is ready`() throws {
        let answers = Answers(eventLoop: channel.eventLoop)
        let request = InstanceRequest(meta: FrameMeta(), body: ByteBuffer(), remainingMillis: 1)

        #expect(!handler.invoke(request, stream: 1, receiver: answers))
        try receive(Frame(.ready, value: 77))
        #expect(try attached.futureResult.wait() == 77)
        #expect(handler.invoke(request, stream: 1, receiver: answers))
    }

    @Test func `what is invoked in one tick leaves in one write`() throws {
        try receive(Frame(.ready))
        _ = try sent()
        for stream in 1...3 { _ = invoke(UInt32(stream)) }

        channel.embeddedEventLoop.run()

        let bytes = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        var decoder = FrameDecoder()
        decoder.feed(bytes)
        for stream in 1...3 {
            let frame = try #require(try decoder.next())
            #expect(frame.kind == .invoke)
            #expect(frame.stream == UInt32(stream))
            #expect(frame.value == 500)
            #expect(frame.isEnd)
        }
    }

    @Test func `answers go to whom they are for, in any order`() throws {
        try receive(Frame(.ready))
        let (first, second) = (invoke(1), invoke(2))

        try receive(
            Frame(.result, stream: 2, value: 20, body: ByteBuffer(string: "b")),
            Frame(.result, stream: 1, value: 10, body: ByteBuffer(string: "a"))
        )

        #expect(first.said == ["answered 200 a 10"])
        #expect(second.said == ["answered 200 b 20"])
        #expect(!handler.isRunning(1))
    }

    @Test func `a streamed answer comes piece by piece and ends once`() throws {
        try receive(Frame(.ready))
        let answers = invoke()

        try receive(
            Frame(
                .result,
                isEnd: false,
                stream: 1,
                meta: FrameMeta([(":status", "201")]),
                body: ByteBuffer(string: "a")
            ),
            Frame(.chunk, isEnd: false, stream: 1, body: ByteBuffer(string: "b")),
            Frame(.chunk, stream: 1, value: 5, body: ByteBuffer(string: "c"))
        )

        #expect(answers.said == ["began 201 a", "continued b", "answered 200 c 5"])
        #expect(seen.closes.isEmpty)
    }

    @Test func `an error may end an answer that has begun`() throws {
        try receive(Frame(.ready))
        let answers = invoke()

        try receive(
            Frame(.result, isEnd: false, stream: 1),
            Frame(.error, stream: 1, meta: FrameMeta([(":code", "handlerRaised")]))
        )

        #expect(answers.said == ["began 200 ", "failed handlerRaised"])
    }

    @Test func `an error of an unknown code is the handler's`() throws {
        try receive(Frame(.ready))
        let answers = invoke()

        try receive(Frame(.error, stream: 1, meta: FrameMeta([(":code", "new")])))

        #expect(answers.said == ["failed handlerRaised"])
    }

    @Test func `what an invocation prints is its own, the rest is the instance's`() throws {
        try receive(Frame(.log, body: ByteBuffer(string: "early\n")), Frame(.ready))
        let answers = invoke()

        try receive(
            Frame(
                .log,
                stream: 1,
                meta: FrameMeta([(":level", "stdout")]),
                body: .init(string: "x")
            ),
            Frame(.log, meta: FrameMeta([(":level", "warning")]), body: .init(string: "y")),
            Frame(
                .log,
                stream: 9,
                meta: FrameMeta([(":level", "stderr")]),
                body: .init(string: "z")
            )
        )

        #expect(answers.said == ["logged stdout x"])
        #expect(seen.output == ["info: early\n", "warning: y", "stderr: z"])
    }

    @Test func `nothing is sent for an invocation that has ended`() throws {
        try receive(Frame(.ready))
        _ = invoke()
        try receive(Frame(.result, stream: 1))
        _ = try sent()

        handler.send(Frame(.body, stream: 1, body: ByteBuffer(string: "late")))
        handler.send(Frame(.cancel, stream: 1, value: 1))

        #expect(try sent().isEmpty)
    }

    @Test func `an instance that cannot attach says why`() throws {
        let body = ByteBuffer(string: #"{"message": "no CUDA", "traceback": "t", "log": "l"}"#)

        try receive(Frame(.attachFailed, body: body))

        let error = #expect(throws: InstanceError.self) { try attached.futureResult.wait() }
        #expect(error?.code == .attachRaised)
        #expect(error?.message == "no CUDA")
        #expect(error?.traceback == "t")
        #expect(error?.log == "l")
    }

    @Test func `an instance that ends while it attaches does not attach`() throws {
        channel.pipeline.fireChannelInactive()

        #expect(throws: InstanceError.self) { try attached.futureResult.wait() }
        #expect(seen.closes == [nil])
    }

    @Test func `those who wait when an instance ends are handed over once`() throws {
        try receive(Frame(.ready))
        let (first, second) = (invoke(1), invoke(2))
        channel.pipeline.fireChannelInactive()

        let abandoned = handler.abandon()

        #expect(
            abandoned.map { ObjectIdentifier($0) } == [first, second].map(ObjectIdentifier.init)
        )
        #expect(handler.abandon().isEmpty)
        #expect(seen.closes == [nil])
    }

    // MARK: Frames out of place

    /// Each is more than an instance may say when stream 1 runs and its answer has not begun.
    private static let outOfPlace: [(String, [Frame])] = [
        ("ready twice", [Frame(.ready)]),
        ("hello", [Frame(.hello)]),
        ("attachFailed late", [Frame(.attachFailed)]),
        ("a frame of the host's", [Frame(.invoke, stream: 1)]),
        ("a frame of the zygote's", [Frame(.loaded)]),
        ("the answer of nobody", [Frame(.result, stream: 2)]),
        ("the answer of the connection", [Frame(.result, stream: 0)]),
        ("an answer twice", [Frame(.result, stream: 1), Frame(.result, stream: 1)]),
        ("an error without an end", [Frame(.error, isEnd: false, stream: 1)]),
        ("a piece before the answer's head", [Frame(.chunk, isEnd: false, stream: 1)]),
        (
            "a second head within an answer",
            [Frame(.result, isEnd: false, stream: 1), Frame(.result, isEnd: false, stream: 1)]
        ),
        (
            "a second head at the end of an answer",
            [Frame(.result, isEnd: false, stream: 1), Frame(.result, stream: 1)]
        ),
        (
            "more than the largest answer",
            [Frame(.result, stream: 1, body: ByteBuffer(repeating: 1, count: 1001))]
        ),
    ]

    @Test(arguments: outOfPlace)
    func `a frame out of place ends the instance`(name: String, frames: [Frame]) throws {
        try receive(Frame(.ready))
        _ = invoke()

        for frame in frames { try receive(frame) }

        #expect(seen.closes.count == 1, "\(name)")
        #expect(seen.closes.first.flatMap { $0 } != nil, "\(name)")
        #expect(!channel.isActive)
    }

    @Test func `an answer before the instance is ready ends it`() throws {
        try receive(Frame(.result, stream: 1))

        #expect(seen.closes.count == 1)
        #expect(throws: InstanceError.self) { try attached.futureResult.wait() }
    }

    @Test func `bytes that are no frame end the instance`() throws {
        try receive(Frame(.ready))
        let answers = invoke()

        try channel.writeInbound(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n"))

        #expect(seen.closes.count == 1)
        #expect(answers.said.isEmpty)
        #expect(handler.abandon().count == 1)
    }
}

/// Writes down what an invocation is told.
private final class Answers: InvocationReceiver, @unchecked Sendable {
    let eventLoop: any EventLoop
    /// Only the event loop touches it.
    private(set) var said: [String] = []

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func began(_ head: FrameMeta, _ body: ByteBuffer) {
        said.append("began \(head[":status"] ?? "200") \(String(buffer: body))")
    }

    func continued(_ body: ByteBuffer) { said.append("continued \(String(buffer: body))") }

    func logged(level: String, _ text: ByteBuffer) {
        said.append("logged \(level) \(String(buffer: text))")
    }

    func ended(_ end: InvocationEnd) {
        switch end {
        case .answered(let head, let body, let runMicros):
            let status = head[":status"] ?? "200"
            said.append("answered \(status) \(String(buffer: body)) \(runMicros)")
        case .failed(let code, _, _): said.append("failed \(code.rawValue)")
        case .instanceDied(let end): said.append("died: \(end)")
        }
    }
}
