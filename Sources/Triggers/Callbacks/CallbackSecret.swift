import CCrypto
import CDispatch
import Glibc
package import Storage

extension CallbackPoster {
    /// Bytes of a secret that is made here.
    package static let secretBytes = 32
    private static let secretFileBytesMax = 4096
    /// How the tools of Standard Webhooks write a secret.
    private static let secretPrefix = "whsec_"

    /// The secret that callbacks are signed with, made at first use from the kernel's randomness.
    ///
    /// The file holds at least 32 bytes in base64, with `whsec_` before it or without, and only its
    /// owner may read it.
    ///
    /// Throws `inputOutput` where the file can't be read or made or others may read it, `corrupt`
    /// where it holds anything else.
    package static func secret(atPath path: String) throws(StorageError) -> [UInt8] {
        if let secret = try readSecret(atPath: path) { return secret }
        try makeSecret(atPath: path)
        guard let secret = try readSecret(atPath: path) else {
            throw StorageError(.inputOutput, "\(path): it went away while it was made")
        }
        return secret
    }

    /// Nil when there is no file.
    private static func readSecret(atPath path: String) throws(StorageError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw failure("reading", path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("reading", path) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 == 0 else {
            throw StorageError(
                .inputOutput,
                "\(path) must be a file that only its owner may read: chmod 600 \(path)"
            )
        }
        var bytes = [UInt8](repeating: 0, count: secretFileBytesMax)
        let count = read(file, &bytes, bytes.count)
        guard count >= 0 else { throw failure("reading", path) }
        guard let secret = secret(in: bytes.prefix(count)) else {
            throw StorageError(
                .corrupt,
                "\(path) must hold \(secretBytes) random bytes or more in base64;"
                    + " without it a new secret is made at the next start"
            )
        }
        return secret
    }

    private static func secret(in bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var text = String(decoding: bytes, as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        if text.hasPrefix(secretPrefix) { text.removeFirst(secretPrefix.count) }
        guard let secret = Base64.decode(text), secret.count >= secretBytes else { return nil }
        return secret
    }

    /// Writes it beside the path and links it there when it is whole: whoever comes second, and
    /// whoever comes after a crash, reads the one that is there.
    private static func makeSecret(atPath path: String) throws(StorageError) {
        var secret = [UInt8](repeating: 0, count: secretBytes)
        guard getentropy(&secret, secret.count) == 0 else { throw failure("making", path) }
        let text = Array((Base64.encode(secret) + "\n").utf8)
        let draft = "\(path).\(getpid())"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("making", path) }
        defer { unlink(draft) }
        let isWritten = write(file, text, text.count) == text.count && fsync(file) == 0
        let isClosed = close(file) == 0
        guard isWritten, isClosed, link(draft, path) == 0 || errno == EEXIST else {
            throw failure("making", path)
        }
    }

    private static func failure(_ attempt: String, _ path: String) -> StorageError {
        let code = errno
        return StorageError(
            code == ENOSPC ? .diskFull : .inputOutput,
            "\(attempt) \(path): \(String(cString: strerror(code)))"
        )
    }
}
