import CLinux
import Glibc
import Instances

/// Where the first process of a sandbox prints before it keeps its own output.
///
/// A file in memory that cannot grow: its descriptor stays open in the sandbox, and a handler may
/// write to it without end.
struct BootLog: Sendable {
    static let byteCount = 16 << 10

    let descriptor: CInt

    init() throws(InstanceError) {
        descriptor = linux_bounded_file("output", Self.byteCount)
        guard descriptor >= 0 else { throw Files.failure("make", "a file in memory") }
    }

    /// What has been printed.
    var text: String {
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, 0))
        }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    func close() { Glibc.close(descriptor) }
}
