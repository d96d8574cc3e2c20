import Glibc

/// Asks a program for its version, and blocks until it has answered.
enum ProgramVersion {
    /// A program that says nothing for this long is ended, in milliseconds.
    private static let answerMillisMax: Int32 = 3_000
    /// More than the first line of any answer has.
    private static let answerBytesMax = 4_096

    /// The last word of the first line that `PATH --version` prints, such as `1.1.5+ds1` of
    /// `runc version 1.1.5+ds1`; nil if it cannot be run or prints nothing.
    static func read(_ path: String) -> String? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let process = spawn(path, output: ends[1])
        close(ends[1])
        guard let process else { return nil }
        let answer = firstLine(from: ends[0])
        // It may go on printing, or hang: either way we are done with it.
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return answer?.split(separator: " ").last.map(String.init)
    }

    /// Nil unless a whole line came in time.
    private static func firstLine(from pipe: Int32) -> String? {
        let deadline = Clock.monotonicNanos() + UInt64(answerMillisMax) * 1_000_000
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 512)
        while bytes.count < answerBytesMax {
            let now = Clock.monotonicNanos()
            guard now < deadline else { return nil }
            var wait = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wait, 1, Int32((deadline - now) / 1_000_000) + 1)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            let count = Glibc.read(pipe, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                return String(decoding: bytes[..<end], as: UTF8.self)
            }
        }
        return nil
    }

    private static func spawn(_ path: String, output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = [strdup(path), strdup("--version"), nil]
        defer { for word in words { free(word) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
        defer { for variable in environment { free(variable) } }
        var process: pid_t = 0
        return posix_spawn(&process, path, &actions, nil, &words, &environment) == 0
            ? process : nil
    }
}
