import CLinux
import Glibc

/// A program that runs, and its descriptors.
///
/// What is open is closed, and the program waited for, when this goes.
final class ChildProcess {
    let name: String
    private let pid: pid_t
    private var hasEnded = false
    /// To its standard input; -1 once closed.
    private(set) var input: CInt
    let output: CInt
    let errors: CInt

    /// Starts `path`; nothing else of this process's descriptors is passed on.
    init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String]
    ) throws(GitDeployError) {
        name =
            (arguments.first { !$0.hasPrefix("-") && !$0.hasPrefix("/") }).map { "git \($0)" }
            ?? "git"
        let pipes = try Self.pipes(3)
        let ours = [pipes[0].write, pipes[1].read, pipes[2].read]
        let theirs = [pipes[0].read, pipes[1].write, pipes[2].write]
        var pid: pid_t = 0
        let words = environment.map { "\($0.key)=\($0.value)" }
        let error = Self.withWords([path] + arguments) { argv in
            Self.withWords(words) { linux_spawn(&pid, path, argv, $0, theirs, 3) }
        }
        for descriptor in theirs { close(descriptor) }
        guard error == 0 else {
            for descriptor in ours { close(descriptor) }
            throw GitDeployError(
                .gitFailed,
                "cannot start \(path): \(String(cString: strerror(error)))",
                advice: "install git"
            )
        }
        self.pid = pid
        (input, output, errors) = (ours[0], ours[1], ours[2])
    }

    deinit {
        closeInput()
        if !hasEnded {
            kill(pid, SIGKILL)
            _ = wait()
        }
        close(output)
        close(errors)
    }

    func closeInput() {
        guard input >= 0 else { return }
        close(input)
        input = -1
    }

    /// Its exit status, or 128 and the signal that ended it.
    func wait() -> Int {
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        hasEnded = true
        return status & 0x7f == 0 ? Int(status >> 8) & 0xff : 128 + Int(status & 0x7f)
    }

    private static func pipes(
        _ count: Int
    ) throws(GitDeployError) -> [(read: CInt, write: CInt)] {
        var made: [(read: CInt, write: CInt)] = []
        for _ in 0..<count {
            var ends: [CInt] = [-1, -1]
            guard pipe(&ends) == 0 else {
                let reason = String(cString: strerror(errno))
                for pipe in made {
                    close(pipe.read)
                    close(pipe.write)
                }
                throw GitDeployError(.fileSystem, "no pipe can be made: \(reason)")
            }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            made.append((ends[0], ends[1]))
        }
        return made
    }

    /// Lends `words` as a null-terminated array of C strings.
    private static func withWords<Result>(
        _ words: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("never empty") }
            return body(base)
        }
    }
}
