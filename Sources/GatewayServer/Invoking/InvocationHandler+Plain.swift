import Functions
import Instances
import NIOCore
import RuntimeProtocol

/// Taking plain requests in, which come from the front of the connection.
extension InvocationHandler {
    enum PlainOutcome {
        case taken
        /// The beginning of a plain request of that many bytes; the rest may be waited for.
        case partial(byteCount: Int)
        case notPlain
    }

    /// Takes a request in whole, if that is what the bytes are.
    func take(_ bytes: ByteBuffer) -> PlainOutcome {
        guard let context, isBetweenRequests, front.isClear,
            let head = PlainRequest(bytes, meta: &meta)
        else { return .notPlain }
        let byteCount = head.headBytes + head.bodyBytes
        guard bytes.readableBytes >= byteCount else {
            return gather(head) ? .partial(byteCount: byteCount) : .notPlain
        }
        guard bytes.readableBytes == byteCount else { return .notPlain }
        let accepted = Acceptance()
        keepAlive = !isQuiescing
        let admitted = admit(
            head.name,
            authorization: head.authorization,
            wish: head.choosesRevision ? RevisionWish(FrameMeta(lines: meta)) : RevisionWish(),
            bodyBytes: head.bodyBytes,
            context
        )
        guard let route = admitted else {
            discarded(context)
            return .taken
        }
        guard !route.streamsInput else { return .notPlain }
        let id = dispatcher.makeID(acceptedAtMicros: accepted.wallMicros)
        meta.withUnsafeMutableReadableBytes { bytes in
            id.write(into: UnsafeMutableRawBufferPointer(rebasing: bytes[PlainRequest.idOffset...]))
        }
        usesChunks = true
        start(
            InstanceRequest(
                meta: FrameMeta(lines: meta),
                body: bytes.getSlice(
                    at: bytes.readerIndex + head.headBytes,
                    length: head.bodyBytes
                ) ?? ByteBuffer(),
                remainingMillis: 0
            ),
            id,
            route,
            accepted,
            context
        )
        return .taken
    }

    /// What was gathered goes to the decoder.
    func endGathering() {
        if case .gathering = state { state = .idle }
    }

    private var isBetweenRequests: Bool {
        switch state {
        case .idle, .gathering: true
        default: false
        }
    }

    /// Whether the rest of a request is to be waited for; what will be refused is refused at once,
    /// and what is taken as it comes is not waited for.
    private func gather(_ head: PlainRequest) -> Bool {
        guard let split = dispatcher.split(head.name), !head.choosesRevision,
            authorizer.refusal(
                authorization: head.authorization,
                account: split.primary.accountName
            ) == nil,
            split.routes.allSatisfy({
                !$0.streamsInput && head.bodyBytes <= $0.payloadBytesMax
            })
        else { return false }
        state = .gathering
        closesAt = after(dispatcher.configuration.requestMillisMax)
        return true
    }
}
