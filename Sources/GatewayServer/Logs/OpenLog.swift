import GatewayAPI
import Glibc

/// A function's log at one moment: what is written later is not in it, and files that are put aside
/// or removed meanwhile stay readable.
final class OpenLog: Sendable {
    /// One file, up to the size that it had.
    struct File: Sendable {
        let descriptor: Int32
        let size: Int

        init?(_ path: String) {
            descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            var status = stat()
            guard descriptor >= 0 else { return nil }
            guard fstat(descriptor, &status) == 0 else {
                close(descriptor)
                return nil
            }
            size = Int(status.st_size)
        }
    }

    /// How far the clock may have been set back within a log, in microseconds: reading goes on this
    /// far before the time that was asked for.
    private static let clockStepMicrosMax: Int64 = 5_000_000

    private let files: [File]

    init(_ files: [File]) { self.files = files }

    deinit { for file in files { close(file.descriptor) } }

    /// The newest `tail` lines, oldest first.
    ///
    /// Reads from the end and no further than it must.
    func lines(tail: Int, filter: LogFilter) -> [LogLine] {
        var found: [LogLine] = []
        for file in files {
            var backwards = BackwardLines(file)
            while found.count < tail, let bytes = backwards.next() {
                if let since = filter.sinceMicros, let at = LogLineBytes.atMicros(bytes) {
                    if at < since - Self.clockStepMicrosMax { return found.reversed() }
                    if at < since { continue }
                }
                guard filter.mayMatch(bytes),
                    let line = LogLineBytes.line(bytes),
                    filter.matches(line)
                else { continue }
                found.append(line)
            }
        }
        return found.reversed()
    }
}

/// The lines of a file from its last to its first, without their line breaks.
private struct BackwardLines {
    /// How much is read at once.
    private static let chunkBytes = 64 << 10

    private let file: Int32
    /// Where `bytes` begins in the file.
    private var offset: Int
    private var bytes: [UInt8] = []
    /// What lies before it in `bytes` has not been given yet.
    private var end = 0

    init(_ file: OpenLog.File) {
        self.file = file.descriptor
        offset = file.size
    }

    mutating func next() -> ArraySlice<UInt8>? {
        while true {
            // The last byte ends the line looked for, so the break before it is what begins it.
            if let start = bytes[..<end].dropLast().lastIndex(of: UInt8(ascii: "\n")) {
                return take(from: start + 1)
            }
            guard offset > 0 else { return end == 0 ? nil : take(from: 0) }
            guard readBefore() else { return nil }
        }
    }

    private mutating func take(from start: Int) -> ArraySlice<UInt8> {
        var line = bytes[start..<end]
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        end = start
        return line
    }

    private mutating func readBefore() -> Bool {
        let wanted = min(Self.chunkBytes, offset)
        let start = offset - wanted
        var chunk = [UInt8](repeating: 0, count: wanted)
        var have = 0
        while have < wanted {
            let count = chunk.withUnsafeMutableBytes { chunk in
                let rest = UnsafeMutableRawBufferPointer(rebasing: chunk[have...])
                return pread(file, rest.baseAddress, rest.count, off_t(start + have))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            have += count
        }
        offset = start
        bytes = chunk + bytes[..<end]
        end = bytes.count
        return true
    }
}
