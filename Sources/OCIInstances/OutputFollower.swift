import Glibc
import Synchronization

/// Passes on the lines of a file while a program writes them.
final class OutputFollower: Sendable {
    private struct Mutable {
        var offset = 0
        var rest = ""
        var lastError = "see the log"
    }

    private static let intervalMicros: UInt32 = 200_000
    private static let readBytesMax = 1 << 20

    private let path: String
    private let progress: @Sendable (String) -> Void
    private let mutable = Mutex(Mutable())
    private let isFinished = Atomic<Bool>(false)

    init(path: String, progress: @escaping @Sendable (String) -> Void) {
        self.path = path
        self.progress = progress
        Task.detached { [weak self] in
            while let self, !self.isFinished.load(ordering: .relaxed) {
                self.look()
                try? await Task.sleep(for: .microseconds(Self.intervalMicros))
            }
        }
    }

    /// The last line that says what went wrong.
    var lastError: String { mutable.withLock { $0.lastError } }

    /// Reads what is left; no line comes later.
    func finish() {
        isFinished.store(true, ordering: .relaxed)
        look()
    }

    private func look() {
        mutable.withLock { value in
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            defer { close(file) }
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.readBytesMax) { buffer, count in
                count = max(0, pread(file, buffer.baseAddress, buffer.count, value.offset))
            }
            value.offset += bytes.count
            var lines = (value.rest + String(decoding: bytes, as: UTF8.self))
                .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            value.rest = lines.popLast() ?? ""
            for line in lines where !line.isEmpty {
                if line.hasPrefix("ERROR") { value.lastError = line }
                progress(line)
            }
        }
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
