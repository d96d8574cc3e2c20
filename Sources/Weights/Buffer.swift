import Glibc

/// Memory for one chunk of a file.
struct Buffer: ~Copyable {
    private let memory: UnsafeMutableRawBufferPointer

    init(byteCount: Int) {
        memory = .allocate(byteCount: byteCount, alignment: 16)
    }

    deinit { memory.deallocate() }

    /// The next bytes of a file, good until the next call; nil at its end.
    func read(
        from descriptor: CInt,
        _ path: String
    ) throws(WeightsError) -> UnsafeRawBufferPointer? {
        while true {
            let count = Glibc.read(descriptor, memory.baseAddress, memory.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read \(path)") }
            return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: memory[..<count])
        }
    }
}
