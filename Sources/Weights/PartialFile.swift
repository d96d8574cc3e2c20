import Glibc
import Packaging

/// The part of a file of weights that is on this node, and its digest so far.
///
/// It lies under a name of its own until it is whole, and stays there when a fetch ends early, so
/// that the next one goes on where it ended. For one thread.
final class PartialFile {
    private static let chunkBytes = 1 << 20
    /// How often free disk is looked at while the length of what comes is not known, in bytes.
    private static let spaceCheckBytes: Int64 = 64 << 20

    let path: String
    private(set) var byteCount: Int64 = 0
    /// Part of it was there before, from an earlier fetch.
    private(set) var hasEarlierBytes = false
    private let descriptor: CInt
    private let limits: WeightLimits
    private var digest: SHA256? = SHA256()
    /// Free disk was looked at for this many bytes.
    private var spaceCheckedBytes: Int64 = 0

    /// Opens what is there, and reads it for its digest; makes an empty one otherwise.
    ///
    /// - Throws: `.fileSystem`; `.stopped` when `isStopped` says so meanwhile.
    init(
        path: String,
        limits: WeightLimits,
        isStopped: () -> Bool
    ) throws(WeightsError) {
        self.path = path
        self.limits = limits
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        // Its age is that of the last fetch which took it up, not of its last byte.
        futimens(descriptor, nil)
        let buffer = Buffer(byteCount: Self.chunkBytes)
        while let bytes = try buffer.read(from: descriptor, path) {
            guard !isStopped() else { throw .stopping }
            digest?.update(bytes)
            byteCount += Int64(bytes.count)
        }
        hasEarlierBytes = byteCount > 0
    }

    deinit { close(descriptor) }

    /// Checks that a file of `total` bytes is allowed and finds room.
    func expect(total: Int64) throws(WeightsError) {
        guard total <= limits.bytesMax else { throw tooLarge }
        try checkSpace(for: total)
        spaceCheckedBytes = total
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        let end = byteCount + Int64(bytes.count)
        guard end <= limits.bytesMax else { throw tooLarge }
        if end > spaceCheckedBytes {
            try checkSpace(for: end + Self.spaceCheckBytes)
            spaceCheckedBytes = end + Self.spaceCheckBytes
        }
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("write \(path)") }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        digest?.update(bytes)
        byteCount = end
    }

    /// Forgets what is there.
    func restart() throws(WeightsError) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw .system("empty \(path)")
        }
        digest = SHA256()
        byteCount = 0
        hasEarlierBytes = false
        spaceCheckedBytes = 0
    }

    /// The digest of all that is there, which nothing can be added to any more, save after
    /// `restart`.
    func takeDigest() -> String { digest.take()?.finalize() ?? "" }

    /// Gives it its name for good, on the disk.
    func keep(as stored: String, in folder: String) throws(WeightsError) {
        guard fchmod(descriptor, 0o444) == 0, fsync(descriptor) == 0 else {
            throw .system("write \(path)")
        }
        guard rename(path, stored) == 0 else { throw .system("rename \(path) to \(stored)") }
        let place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard place >= 0 else { throw .system("open \(folder)") }
        defer { close(place) }
        guard fsync(place) == 0 else { throw .system("write \(folder)") }
    }

    func discard() { unlink(path) }

    private func checkSpace(for total: Int64) throws(WeightsError) {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else {
            throw .system("look at the disk of \(path)")
        }
        let free = Int64(clamping: status.f_bavail) * Int64(clamping: status.f_frsize)
        let (needed, kept) = (max(0, total - byteCount), limits.freeBytesMin)
        guard needed + kept <= free else {
            throw WeightsError(
                .diskFull,
                "the weights need \(megabytes(needed)) more of the disk that holds \(path), which "
                    + "has \(megabytes(free)) free and must keep \(megabytes(kept)): make room"
            )
        }
    }

    private var tooLarge: WeightsError {
        WeightsError(
            .tooLarge,
            "the weights are larger than the \(megabytes(limits.bytesMax)) that this gateway takes"
        )
    }
}

/// For messages: 1,048,576 bytes are 1 MiB.
private func megabytes(_ bytes: Int64) -> String { "\((bytes + 1 << 20 - 1) >> 20) MiB" }

extension WeightsError {
    /// What the last failed call of this thread left in `errno`.
    static func system(_ verb: String) -> WeightsError {
        let number = errno
        let isFull = number == ENOSPC || number == EDQUOT
        let reason = String(cString: strerror(number))
        return WeightsError(
            isFull ? .diskFull : .fileSystem,
            "cannot \(verb): \(reason)\(isFull ? ": make room" : "")"
        )
    }

    static var stopping: WeightsError {
        WeightsError(.stopped, "the gateway is stopping; deploy again, and the fetch goes on")
    }
}
