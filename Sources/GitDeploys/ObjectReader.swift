import Glibc

/// Reads objects out of a repository, one after the other, through one `git cat-file --batch`.
final class ObjectReader {
    private let child: ChildProcess
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)
    /// What of `buffer` is read and not taken yet.
    private var held = 0..<0

    init(_ repository: GitRepository) throws(GitDeployError) {
        child = try ChildProcess(
            repository.git.path,
            repository.place + ["cat-file", "--batch"],
            environment: repository.git.environment
        )
    }

    /// The whole of a small file called `name`.
    func contents(
        of id: ObjectID,
        bytesMax: Int,
        name: String
    ) throws(GitDeployError) -> [UInt8] {
        let byteCount = try begin(id, name: name)
        guard byteCount <= bytesMax else {
            throw GitDeployError(.limitExceeded, "\(name) has more than \(bytesMax) bytes")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        try pass(byteCount) { (piece) throws(GitDeployError) in bytes.append(contentsOf: piece) }
        return bytes
    }

    /// Asks for a file; its size in bytes, which must then be taken by ``pass(_:to:)``.
    func begin(_ id: ObjectID, name: String) throws(GitDeployError) -> Int {
        try ask("\(id)\n")
        let line = try headLine()
        let words = line.split(separator: " ")
        guard words.count == 3, words[1] == "blob", let byteCount = Int(words[2]) else {
            throw GitDeployError(.gitFailed, "\(name) cannot be read from the repository: \(line)")
        }
        return byteCount
    }

    /// Gives the contents piece by piece.
    func pass(
        _ byteCount: Int,
        to take: (ArraySlice<UInt8>) throws(GitDeployError) -> Void
    ) throws(GitDeployError) {
        var rest = byteCount
        while rest > 0 {
            try fill()
            let piece = held.prefix(rest)
            try take(buffer[piece])
            rest -= piece.count
            held = piece.upperBound..<held.upperBound
        }
        // A line break ends the contents.
        try fill()
        held = (held.lowerBound + 1)..<held.upperBound
    }

    private func ask(_ line: String) throws(GitDeployError) {
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(child.input, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ended() }
            rest = rest.dropFirst(count)
        }
    }

    private func headLine() throws(GitDeployError) -> String {
        var line: [UInt8] = []
        while line.count < GitLimits.complaintBytesMax {
            try fill()
            let byte = buffer[held.lowerBound]
            held = (held.lowerBound + 1)..<held.upperBound
            if byte == UInt8(ascii: "\n") { break }
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Reads more once everything is taken.
    private func fill() throws(GitDeployError) {
        while held.isEmpty {
            let count = buffer.withUnsafeMutableBytes {
                read(child.output, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ended() }
            held = 0..<count
        }
    }

    private func ended() -> GitDeployError {
        GitDeployError(.gitFailed, "git cat-file ended before it was done")
    }
}
