import Storage

/// What a writer delivered, in its order, to be awaited.
struct Deliveries: Sendable {
    struct Delivery: Sendable {
        let tokens: [Int]
        let error: StorageError?
    }

    private let stream: AsyncStream<Delivery>
    private let continuation: AsyncStream<Delivery>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    /// To be handed to the writer.
    var deliver: @Sendable ([Int], Result<Void, StorageError>) -> Void {
        { tokens, result in
            switch result {
            case .success: continuation.yield(Delivery(tokens: tokens, error: nil))
            case .failure(let error): continuation.yield(Delivery(tokens: tokens, error: error))
            }
        }
    }

    func next() async -> Delivery? {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
    }

    /// Everything that has been and will be delivered, once the writer is closed.
    func rest() async -> [Delivery] {
        continuation.finish()
        return await stream.reduce(into: []) { $0.append($1) }
    }
}
