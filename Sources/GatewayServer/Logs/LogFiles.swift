import Functions
import Glibc

/// The two files of each function's log: `NAME.ndjson`, and `NAME.1.ndjson` with what came before.
struct LogFiles: Sendable {
    let folder: String
    let fileBytesMax: Int

    /// Both files as they are at one moment, open for reading; the newer one first.
    func open(_ function: FunctionName) -> OpenLog {
        OpenLog([path(function), olderPath(function)].compactMap(OpenLog.File.init))
    }

    /// Adds whole lines; puts the file aside first when it would become too large.
    ///
    /// - Returns: nil, or the errno for which not one of these lines was written.
    func append(_ bytes: [UInt8], to function: FunctionName) -> Int32? {
        let path = path(function)
        var file = openForWriting(path)
        guard file >= 0 else { return errno }
        defer { close(file) }
        var size = Self.size(file)
        if size > 0, size + bytes.count > fileBytesMax {
            guard rename(path, olderPath(function)) == 0 else { return errno }
            close(file)
            file = openForWriting(path)
            guard file >= 0 else { return errno }
            size = 0
        }
        guard let error = Self.write(bytes, to: file) else { return nil }
        // Half a line would spoil the next one.
        ftruncate(file, off_t(size))
        return error
    }

    func remove(_ function: FunctionName) {
        unlink(path(function))
        unlink(olderPath(function))
    }

    private func path(_ function: FunctionName) -> String { "\(folder)/\(function).ndjson" }

    private func olderPath(_ function: FunctionName) -> String { "\(folder)/\(function).1.ndjson" }

    private func openForWriting(_ path: String) -> Int32 {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let file = Glibc.open(path, flags, 0o640)
        guard file < 0, errno == ENOENT else { return file }
        mkdir(folder, 0o750)
        return Glibc.open(path, flags, 0o640)
    }

    private static func size(_ file: Int32) -> Int {
        var status = stat()
        return fstat(file, &status) == 0 ? Int(status.st_size) : 0
    }

    private static func write(_ bytes: [UInt8], to file: Int32) -> Int32? {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(
                    file,
                    UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                    rest.count
                )
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return count < 0 ? errno : ENOSPC }
                rest = rest.dropFirst(count)
            }
            return nil
        }
    }
}
