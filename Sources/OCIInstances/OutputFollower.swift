import Glibc
import Synchronization

/// Passes on the lines of a file while a program writes them.
package final class OutputFollower: Sendable {
    private struct Mutable {
        var offset = 0
        /// What has come of a line that has not ended, shorter than `lineBytesMax`.
        var rest: [UInt8] = []
        var lastError = "see the log"
    }

    private static let intervalMicros: UInt32 = 200_000
    private static let readBytesMax = 1 << 20
    /// A longer line comes in pieces of so many bytes.
    package static let lineBytesMax = 64 << 10

    private let path: String
    private let progress: @Sendable (String) -> Void
    private let mutable = Mutex(Mutable())
    private let isFinished = Atomic<Bool>(false)

    package init(path: String, progress: @escaping @Sendable (String) -> Void) {
        self.path = path
        self.progress = progress
        Task.detached { [weak self] in
            while let self, !self.isFinished.load(ordering: .relaxed) {
                _ = self.look()
                try? await Task.sleep(for: .microseconds(Self.intervalMicros))
            }
        }
    }

    /// The last line that says what went wrong.
    package var lastError: String { mutable.withLock { $0.lastError } }

    /// Reads what is left; no line comes later.
    package func finish() {
        isFinished.store(true, ordering: .relaxed)
        while look() {}
        mutable.withLock { value in
            tell(value.rest[...], &value)
            value.rest = []
        }
    }

    /// False when there was nothing new.
    private func look() -> Bool {
        mutable.withLock { value in
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return false }
            defer { close(file) }
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.readBytesMax) { buffer, count in
                count = max(0, pread(file, buffer.baseAddress, buffer.count, value.offset))
            }
            value.offset += bytes.count
            let all = value.rest + bytes
            var start = 0
            while start < all.count {
                let piece = all[start...].prefix(Self.lineBytesMax)
                let end = piece.firstIndex(of: UInt8(ascii: "\n"))
                guard end != nil || piece.count == Self.lineBytesMax else { break }
                tell(all[start..<(end ?? piece.endIndex)], &value)
                start = end.map { $0 + 1 } ?? piece.endIndex
            }
            value.rest = Array(all[start...])
            return !bytes.isEmpty
        }
    }

    private func tell(_ bytes: ArraySlice<UInt8>, _ value: inout Mutable) {
        guard !bytes.isEmpty else { return }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("ERROR") { value.lastError = line }
        progress(line)
    }
}

/// Runs something after a time unless it is cancelled first.
final class Deadline: Sendable {
    private let task: Task<Void, Never>

    init(seconds: Int, _ work: @escaping @Sendable () -> Void) {
        task = Task.detached {
            try? await Task.sleep(for: .seconds(seconds))
            if !Task.isCancelled { work() }
        }
    }

    func cancel() { task.cancel() }
}
