import Hummingbird
import NIOCore
import NIOPosix

/// Carries a request's body into a process and its answer out of it, each as fast as the other
/// side takes it.
struct BackendStream {
    let process: BackendProcess
    let group: any EventLoopGroup
    /// Of the request; nil when it has none.
    let body: RequestBody?

    /// Returns when the answer has ended.
    ///
    /// - Throws: when the client is gone; the process was asked to end then.
    func run(to writer: inout any ResponseBodyWriter, first: [UInt8]) async throws {
        let (input, output) = process.takeDescriptors()
        let pipes = try await NIOPipeBootstrap(group: group)
            .takingOwnershipOfDescriptors(input: output, output: input) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                }
            }
        do {
            // All of it in there: a channel that is dropped before ends the process.
            try await pipes.executeThenClose { inbound, outbound in
                if !first.isEmpty { try await writer.write(ByteBuffer(bytes: first)) }
                guard let body else {
                    return try await exchange(inbound, outbound, nil, to: &writer)
                }
                // Nothing may be said for minutes: that the client is gone must be seen without.
                try await body.consumeWithInboundCloseHandler { body in
                    try await exchange(inbound, outbound, body, to: &writer)
                } onInboundClosed: {
                    process.stop()
                }
            }
        } catch {
            process.stop()
            throw error
        }
    }

    private func exchange(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ body: RequestBody?,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await feed(body, to: outbound) }
            for try await piece in inbound { try await writer.write(piece) }
            // It has said all it has to say: what is left of the body is of no use.
            tasks.cancelAll()
        }
    }

    private func feed(
        _ body: RequestBody?,
        to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async {
        defer { outbound.finish() }
        guard let body else { return }
        var pieces = body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do { piece = try await pieces.next() } catch {
                // The client is gone before its request was whole.
                if !Task.isCancelled { process.stop() }
                return
            }
            // A process that reads no further has its reason, and says it.
            guard let piece, (try? await outbound.write(piece)) != nil else { return }
        }
    }
}
