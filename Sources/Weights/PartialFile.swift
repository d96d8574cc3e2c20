import Glibc
import Packaging

/// The part of a file of weights that is on this node, and its digest so far.
///
/// It lies under a name of its own until it is whole, and stays there when a fetch ends early, so
/// that the next one goes on where it ended. For one thread.
final class PartialFile {
    private static let chunkBytes = 1 << 20

    let path: String
    private(set) var byteCount: Int64 = 0
    /// Part of it was there before, from an earlier fetch.
    private(set) var hasEarlierBytes = false
    private let descriptor: CInt
    private let limits: WeightLimits
    private let space: DiskSpace
    private var digest: SHA256? = SHA256()
    /// Of the whole file, where the source says.
    private var total: Int64?
    /// What of the disk is this file's, and has yet to be written.
    private var promisedBytes: Int64 = 0
    /// Free disk is looked at again when the file grows beyond this.
    private var spaceCheckedBytes: Int64 = 0

    /// Opens what is there, and reads it for its digest; makes an empty one otherwise.
    ///
    /// - Throws: `.fileSystem`; `.stopped` when `isStopped` says so meanwhile.
    init(
        path: String,
        limits: WeightLimits,
        space: DiskSpace,
        isStopped: () -> Bool
    ) throws(WeightsError) {
        self.path = path
        self.limits = limits
        self.space = space
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

    deinit {
        close(descriptor)
        space.giveBack(promisedBytes)
    }

    /// Checks that a file of `total` bytes is allowed and finds room, which is then promised to it.
    func expect(total: Int64) throws(WeightsError) {
        guard total <= limits.bytesMax else { throw tooLarge }
        self.total = total
        try claimSpace(from: byteCount)
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        let end = byteCount + Int64(bytes.count)
        guard end <= limits.bytesMax else { throw tooLarge }
        if end > spaceCheckedBytes { try claimSpace(from: end) }
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("write \(path)") }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        digest?.update(bytes)
        byteCount = end
        giveBack(min(promisedBytes, Int64(bytes.count)))
    }

    /// Forgets what is there.
    func restart() throws(WeightsError) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw .system("empty \(path)")
        }
        digest = SHA256()
        byteCount = 0
        hasEarlierBytes = false
        total = nil
        giveBack(promisedBytes)
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

    /// Has room promised for the rest of the file, or for a piece where its length is not known or
    /// was not true; looked at again now and then, as others write to the disk too.
    private func claimSpace(from end: Int64) throws(WeightsError) {
        let next = end + limits.spaceCheckBytes
        let last = total.flatMap { $0 >= end ? $0 : nil } ?? next
        try space.promise(last - byteCount, inPlaceOf: promisedBytes)
        promisedBytes = last - byteCount
        spaceCheckedBytes = min(next, last)
    }

    private func giveBack(_ bytes: Int64) {
        promisedBytes -= bytes
        space.giveBack(bytes)
    }

    private var tooLarge: WeightsError {
        WeightsError(
            .tooLarge,
            "the weights are larger than the \(megabytes(limits.bytesMax)) that this gateway takes"
        )
    }
}

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
