import Glibc

/// Reads batches of lines from a descriptor, as far as they are there.
struct LineSource {
    /// How long a batch that is not full waits for more.
    private static let lingerMillis: Int32 = 20
    /// How often it is asked whether to stop.
    private static let pollMillis: Int32 = 500
    private static let pieceBytes = 64 << 10

    let descriptor: Int32
    /// For errors.
    let name: String
    private(set) var batcher: LineBatcher
    let isCancelled: () -> Bool
    private var isAtEnd = false
    private var piece = [UInt8](repeating: 0, count: Self.pieceBytes)

    init(
        descriptor: Int32,
        name: String,
        batcher: LineBatcher,
        isCancelled: @escaping () -> Bool
    ) {
        self.descriptor = descriptor
        self.name = name
        self.batcher = batcher
        self.isCancelled = isCancelled
    }

    /// Nil at the end, or when it was asked to stop.
    mutating func next() throws(CommandFailure) -> LineBatch? {
        while !isCancelled() {
            if let batch = batcher.next(evenIfSmall: isAtEnd) { return batch }
            if isAtEnd { return nil }
            if isReadable(withinMillis: batcher.hasLines ? Self.lingerMillis : Self.pollMillis) {
                try read()
            } else if let batch = batcher.next(evenIfSmall: true) {
                return batch
            }
        }
        return nil
    }

    private func isReadable(withinMillis millis: Int32) -> Bool {
        // poll passes over a negative descriptor; read says what is wrong with it.
        guard descriptor >= 0 else { return true }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, millis) > 0
    }

    private mutating func read() throws(CommandFailure) {
        let count = piece.withUnsafeMutableBytes { buffer in
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        }
        let reason = errno
        guard count >= 0 else {
            if reason == EINTR { return }
            throw CommandFailure(
                .refused,
                "\(name) cannot be read: \(String(cString: strerror(reason)))"
            )
        }
        guard count > 0 else {
            batcher.finish()
            isAtEnd = true
            return
        }
        try batcher.append(piece[..<count])
    }
}
