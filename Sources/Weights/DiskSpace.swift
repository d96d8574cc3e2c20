import Glibc
import Synchronization

/// The disk's free space, and how much of it the fetches under way have yet to write.
///
/// So all of them together, not each by itself, leave free what the gateway needs for its own
/// files.
final class DiskSpace: Sendable {
    private let folder: String
    private let freeBytesMin: Int64
    private let promisedBytes = Mutex<Int64>(0)

    init(folder: String, freeBytesMin: Int64) {
        self.folder = folder
        self.freeBytesMin = freeBytesMin
    }

    /// Promises `needed` bytes in place of the `held` ones that the caller was promised before,
    /// which it keeps where this throws.
    ///
    /// - Throws: `.diskFull`, `.fileSystem`.
    func promise(_ needed: Int64, inPlaceOf held: Int64) throws(WeightsError) {
        try promisedBytes.withLock { promised throws(WeightsError) in
            guard let free = freeBytes else { throw .system("look at the disk of \(folder)") }
            let others = promised - held
            guard needed + others + freeBytesMin <= free else {
                throw full(needed: needed, others: others, free: free)
            }
            promised = others + needed
        }
    }

    /// What was promised has been written, or is not needed any more.
    func giveBack(_ bytes: Int64) { promisedBytes.withLock { $0 -= bytes } }

    /// Whether the disk has less free than it must, whatever was promised.
    var isShort: Bool { freeBytes.map { $0 < freeBytesMin } ?? false }

    /// Nil where the system does not say; then `errno` has the reason.
    private var freeBytes: Int64? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        return Int64(clamping: status.f_bavail) * Int64(clamping: status.f_frsize)
    }

    private func full(needed: Int64, others: Int64, free: Int64) -> WeightsError {
        let taken = others > 0 ? ", \(megabytes(others)) of it promised to other fetches," : ""
        return WeightsError(
            .diskFull,
            "the weights need \(megabytes(needed)) more of the disk that holds \(folder), which "
                + "has \(megabytes(free)) free\(taken) and must keep \(megabytes(freeBytesMin)): "
                + "make room"
        )
    }
}

/// For messages: 1,048,576 bytes are 1 MiB.
func megabytes(_ bytes: Int64) -> String { "\((bytes + 1 << 20 - 1) >> 20) MiB" }
